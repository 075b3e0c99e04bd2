"""The command line: help, exit codes, messages, speed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli import COMMANDS, fleetforge
from GAN.profiles.catalogue import fleet_ids
from tests.acceptance.conftest import COMMAND, User

SUBCOMMANDS = [
    ("jobs", "cancel"),
    ("jobs", "retry"),
    ("machines", "list"),
    ("machines", "show"),
    ("machines", "delete"),
    ("templates", "list"),
    ("templates", "show"),
    ("templates", "new"),
    ("seed", "import"),
    ("readings", "export"),
    ("units", "predictions"),
    *(("tokens", name) for name in ("create", "list", "revoke")),
    *(("webhooks", name) for name in ("add", "list", "test", "remove")),
    *(("silences", name) for name in ("add", "list", "remove")),
    *(("alerts", name) for name in ("list", "ack")),
    *(("db", name) for name in ("upgrade", "status")),
]


@pytest.mark.parametrize("command", [*((name,) for name in COMMANDS), *SUBCOMMANDS])
def test_every_command_explains_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(fleetforge, [*command, "--help"], prog_name="fleetforge")
    assert done.exit_code == 0
    assert "Usage: fleetforge" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_the_installed_command_explains_itself_and_documents_the_exit_codes(user: User) -> None:
    text = subprocess.run([COMMAND, "--help"], capture_output=True, text=True, check=True).stdout
    assert "Usage: fleetforge" in text
    assert "Exit codes: 0 success; 1 failure" in text


def test_onboarding_without_a_worker_records_everything_and_says_how_to_start_one(
    user: User,
) -> None:
    said = user.run("onboard", "pump_ksb_etanorm_006").stdout
    assert "no worker is alive; start one: fleetforge up" in said
    assert user.json("status")[0]["status"] == "pending"
    why = user.json("why", "pump_ksb_etanorm_006")
    assert why["waits_for"] == "a worker on queue 'default': none is alive"
    assert "fleetforge up" in why["advice"]


def test_every_problem_of_every_profile_is_listed_at_once_and_nothing_is_written(
    user: User,
) -> None:
    folder = user.folder / "profiles"
    folder.mkdir()
    user.run("templates", "new", "pump", "-o", "profiles/good.yaml")
    user.run("templates", "new", "fan", "-o", "profiles/bad.json")
    bad = json.loads((folder / "bad.json").read_text())
    bad["machine_id"] = "../../etc/passwd"
    bad["sensors"][0]["unit"] = "parsec"
    bad["sensors"][1]["normal"] = {"min": 5, "max": 5}
    (folder / "bad.json").write_text(json.dumps(bad))
    (folder / "worse.yaml").write_bytes(b"\xff\xfe not text")
    done = user.run("onboard", "profiles", exit_code=2)
    lines = done.stderr.splitlines()
    for place in ("machine_id", "sensors[0].unit", "sensors[1].normal.max", "worse.yaml"):
        assert any(place in line for line in lines), place
    assert all(line.startswith("error: ") for line in lines)
    assert not user.home.exists()


def test_a_misspelt_fleet_id_gets_a_suggestion(user: User) -> None:
    done = user.run("onboard", "motor_siemens_1la7_01", exit_code=2)
    assert "motor_siemens_1la7_001" in done.stderr


def test_what_templates_new_writes_can_be_onboarded_as_it_is(user: User) -> None:
    names = user.json("templates", "list")
    assert len(names) == 12
    for name in names:
        for suffix in (".yaml", ".json"):
            user.run("templates", "new", name, "-o", f"{name}{suffix}")
    # Both files of a template describe the same machine; if they differed, both were refused.
    user.run("onboard", *(f"{name}{suffix}" for name in names for suffix in (".yaml", ".json")))
    assert len(user.json("machines", "list")) == 12
    user.run("templates", "new", "pump", "-o", "pump.yaml", exit_code=2)


def test_a_wrong_setting_is_one_clear_line(user: User) -> None:
    user.environment |= {"FLEETFORGE_DATABASE_URL": "mysql://root@localhost/x"}
    done = user.run("status", exit_code=2)
    assert done.stderr == (
        "error: FLEETFORGE_DATABASE_URL: write postgresql://user@host/db, or unset it for SQLite\n"
    )


def test_an_unknown_setting_gets_a_suggestion(user: User) -> None:
    user.environment |= {"FLEETFORGE_REDIS": "redis://localhost"}
    assert "did you mean FLEETFORGE_REDIS_URL?" in user.run("status", exit_code=2).stderr


def test_a_database_that_is_away_is_one_clear_line(user: User) -> None:
    user.environment |= {"FLEETFORGE_DATABASE_URL": f"postgresql:///x?host={user.folder}"}
    done = user.run("status", exit_code=1)
    assert done.stderr.startswith("error: the database does not answer: ")
    assert len(done.stderr.splitlines()) == 1


def test_doctor_says_what_is_used_and_whether_it_answers(user: User) -> None:
    checks = {check["part"]: check for check in user.json("doctor")}
    assert checks["database"]["says"].startswith("SQLite 3.")
    assert checks["broker"]["uses"] == "private Valkey"
    user.environment |= {"FLEETFORGE_REDIS_URL": "redis://:secret@127.0.0.1:1/0"}
    done = user.run("doctor", exit_code=1)
    assert "FAIL  broker" in done.stdout
    assert "secret" not in done.stdout + done.stderr


def test_jobs_can_be_cancelled_and_retried(user: User) -> None:
    user.run("onboard", "pump_ksb_etanorm_006")
    (job,) = user.json("jobs", "--status", "pending")
    assert user.json("jobs", "cancel", str(job["id"]))["cancelled"] is True
    assert user.json("status")[0]["status"] == "cancelled"
    assert f"fleetforge jobs retry {job['id']}" in user.run("why", "pump_ksb_etanorm_006").stdout
    user.run("jobs", "cancel", str(job["id"]), exit_code=1)
    user.run("jobs", "retry", str(job["id"]))
    assert user.json("status")[0]["status"] == "pending"
    assert "no job 99" in user.run("jobs", "retry", "99", exit_code=1).stderr


def test_deleting_a_machine_leaves_nothing_of_it(user: User) -> None:
    user.run("onboard", "pump_ksb_etanorm_006")
    user.run("machines", "delete", "pump_ksb_etanorm_006", "--yes")
    assert user.json("machines", "list") == []
    assert user.json("events") == []
    assert "no machine" in user.run("why", "pump_ksb_etanorm_006", exit_code=1).stderr
    user.run("onboard", "pump_ksb_etanorm_006")
    assert len(user.json("jobs", "--status", "pending")) == 1


def test_graph_draws_the_chain_from_the_declarations(user: User) -> None:
    assert "SeedReady ─► train_tvae ─► ModelTrained" in user.run("graph").stdout
    assert (
        "RetrainRequested([RetrainRequested]) --> train_tvae"
        in user.run("graph", "--mermaid").stdout
    )


def test_migrations_are_listed(user: User) -> None:
    assert user.json("db", "status")[0] == {"migration": "0001_ledger", "applied": False}
    user.run("db", "upgrade")
    assert user.json("db", "status")[0]["applied"] is True


def test_status_needs_none_of_the_heavy_libraries(user: User) -> None:
    user.run("db", "upgrade")
    heavy = "{'torch', 'sdv', 'pandas', 'numpy', 'pyarrow', 'dramatiq', 'redis', 'psycopg', 'rich'}"
    code = (
        "import sys, atexit, cli\n"
        f"atexit.register(lambda: print(sorted({heavy} & set(sys.modules))))\n"
        "sys.argv = ['fleetforge', 'status']\ncli.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=user.folder, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("target", ["", "x" * 300, "no/such/file.yaml", "unknown"])
def test_a_target_that_is_none_is_refused(user: User, target: str) -> None:
    done = user.run("onboard", target, exit_code=2)
    assert len(done.stderr.splitlines()) == 1


def test_a_home_that_cannot_be_is_one_clear_line(user: User) -> None:
    (user.folder / "file").touch()
    user.environment |= {"FLEETFORGE_HOME": str(user.folder / "file")}
    assert user.run("queues", exit_code=2).stderr.startswith("error: FLEETFORGE_HOME: ")


def test_a_command_in_the_wrong_folder_says_so_and_creates_nothing(user: User) -> None:
    for command in (("status",), ("events",), ("units", "list"), ("tokens", "list")):
        refused = user.run(*command, exit_code=2).stderr
        assert refused.startswith(f"error: FLEETFORGE_HOME: no Fleetforge data in {user.home}; ")
    assert not user.home.exists()


def test_a_ledger_that_is_no_database_is_one_clear_line(user: User) -> None:
    user.home.mkdir()
    (user.home / "ledger.sqlite3").write_bytes(b"not a database, but long enough" * 100)
    assert "the database does not answer" in user.run("status", exit_code=1).stderr


def test_a_machine_that_does_not_exist_is_said_not_to(user: User) -> None:
    user.run("db", "upgrade")
    for command in (("events", "--machine"), ("jobs", "--machine"), ("status",), ("why",)):
        assert "no machine 'typo'" in user.run(*command, "typo", exit_code=1).stderr


def test_more_rows_than_a_set_may_have_are_refused_before_anything_starts(user: User) -> None:
    samples = ("--samples", "5000000,7500,7500")
    refused = user.run("onboard", "pump_ksb_etanorm_006", *samples, exit_code=2).stderr
    assert "each set has 2 to 1000000 rows" in refused
    assert not user.home.exists()


def test_a_bucket_address_that_is_wrong_stops_a_worker_with_one_clear_line(user: User) -> None:
    user.environment |= {"FLEETFORGE_ARTIFACTS": "s3://bucket/prefix?no_such_parameter=1"}
    done = user.run("worker", exit_code=2)
    assert done.stderr.startswith("error: FLEETFORGE_ARTIFACTS: ")
    assert "no_such_parameter" in done.stderr


def test_predicting_without_a_predictor_answers_from_the_lifetimes_of_the_type(user: User) -> None:
    said = user.run("predict", "pump_ksb_etanorm_006").stdout
    assert "from the lifetimes of the type alone: no readings were used" in said
    assert not user.home.exists()
    (user.folder / "bad.csv").write_text("a,flow_rate\n1,x\n")
    problems = user.run("predict", "pump_ksb_etanorm_006", "bad.csv", exit_code=2).stderr
    assert "error: bad.csv: no column of times" in problems
    assert "error: bad.csv: column 'flow_rate'" in problems
    for strange in ("../../etc", "unknown_machine"):
        assert "no fleet machine" in user.run("predict", strange, exit_code=1).stderr


def test_deleting_asks_first(user: User) -> None:
    user.run("onboard", "pump_ksb_etanorm_006")
    user.run("machines", "delete", "pump_ksb_etanorm_006", exit_code=130)  # no terminal, no answer
    assert len(user.json("machines", "list")) == 1


def test_the_whole_fleet_is_registered_by_one_option(user: User) -> None:
    user.run("onboard", "--fleet")
    assert {machine["machine_id"] for machine in user.json("machines", "list")} == set(fleet_ids())
    assert {job["stage"] for job in user.json("jobs")} == {"generate_seed"}
