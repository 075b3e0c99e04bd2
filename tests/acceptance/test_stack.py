"""The stack: `up` with its watched folder, and workers by Procfile over real servers."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import sys
from pathlib import Path

import httpx
import pytest

from storage.settings import Settings
from tests.acceptance.conftest import COMMAND, User, assert_no_crash
from tests.waiting import eventually, free_port

ROOT = Path(__file__).parents[2]


def honcho(user: User, processes: str) -> tuple[str | Path, ...]:
    """The command that starts so many processes of the user's Procfile."""
    program = Path(sys.executable).with_name("honcho")
    user.environment["PATH"] = f"{program.parent}:{user.environment['PATH']}"
    return (program, "start", "-c", processes)


def statuses(user: User) -> dict[str, str]:
    return {one["machine_id"]: one["status"] for one in user.json("machines", "list")}


def seeded(user: User) -> set[str]:
    return {event["machine_id"] for event in user.json("events") if event["type"] == "SeedReady"}


def is_in_use(port: str) -> str:
    return (
        f"error: 127.0.0.1:{port}: Address already in use; stop what listens there, or choose "
        "another port with --port (a Procfile has it in its line `web:`)\n"
    )


def test_up_names_a_port_in_use_and_the_option_to_change_before_anything_starts(
    user: User,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = user.run("up", "--port", port, exit_code=2)
    assert refused.stderr == is_in_use(port)
    assert not (user.home / "run").exists()


def test_honcho_shows_which_port_is_in_use_before_it_stops_the_rest(user: User) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        procfile = (ROOT / "Procfile").read_text().replace("web\n", f"web --port {port}\n")
        (user.folder / "Procfile").write_text(procfile)
        with user.running(*honcho(user, "worker=0,train=0,watch=1,web=1")) as stack:
            assert stack.wait(60) == 2
    assert is_in_use(port) in (user.folder / "output.log").read_text()


@pytest.mark.parametrize(
    ("command", "arguments", "environment"),
    [
        ("up", ("--host", "0.0.0.0"), {}),
        ("web", (), {"FLEETFORGE_TRUSTED_PROXIES": "10.0.0.1"}),
    ],
)
def test_where_others_could_come_in_nothing_starts_without_a_token(
    user: User, command: str, arguments: tuple[str, ...], environment: dict[str, str]
) -> None:
    user.environment |= environment
    refused = user.run(command, "--port", str(free_port()), *arguments, exit_code=2)
    assert re.fullmatch(
        r"error: \S+: other machines could .* fleetforge tokens create NAME --scope admin\n",
        refused.stderr,
    )
    assert not (user.home / "run").exists()
    user.run("tokens", "create", "boss", "--scope", "admin")
    with user.running(COMMAND, command, "--port", str(port := free_port()), *arguments):
        eventually(lambda: answers(port), 60)


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/livez").status_code == 200
    except httpx.TransportError:
        return False


def test_a_profile_dropped_in_the_inbox_is_onboarded_and_ctrl_c_stops_all(user: User) -> None:
    with user.running(COMMAND, "up", "--port", str(free_port())) as stack:
        inbox = user.home / "inbox"
        eventually(inbox.is_dir)
        user.run("templates", "new", "pump", "-o", "pump.yaml")
        shutil.copy(user.folder / "pump.yaml", inbox)
        (inbox / "bad.json").write_text('{"machine_id": "x"}')
        eventually(lambda: "pump_example_001" in seeded(user), 60)
        eventually((inbox / "bad.json.error").exists)
        assert "sensors: missing" in (inbox / "bad.json.error").read_text()
        assert "ok    broker" in user.run("doctor").stdout
        stack.send_signal(signal.SIGINT)
        assert stack.wait(30) == 0
    assert_no_crash((user.folder / "output.log").read_text())
    assert "not running" in user.run("doctor").stdout
    assert "none alive" in user.run("doctor").stdout
    # What was running was handed back, not lost and not failed.
    (machine,) = user.json("status")
    assert machine["status"] in ("pending", "success", "onboarded")
    assert user.json("events")[0]["actor"] == "watch"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_no_worker_outlives_a_wait_that_was_ended(user: User, how: signal.Signals) -> None:
    command = (COMMAND, "onboard", "pump_ksb_etanorm_006", "--epochs", "1000", "--wait")
    with user.running(*command) as waiting:
        eventually(lambda: _workers(user) == 1, 60)
        waiting.send_signal(how)
        waiting.wait(30)
    eventually(lambda: _workers(user) == 0, 30)


def test_two_waits_at_once_both_end(user: User) -> None:
    user.run("queues", "pause", "predictor")  # What waits in a paused queue is not waited for.
    quick = ("--epochs", "1", "--rows", "1000", "--samples", "300,60,60", "--wait")
    with user.running(COMMAND, "onboard", "pump_ksb_etanorm_006", *quick) as first:
        eventually(lambda: _workers(user) >= 1, 60)
        poor = ("--epochs", "1", "--rows", "1000", "--samples", "40,40,40", "--wait")
        user.run("onboard", "motor_weg_w22_003", *poor, exit_code=1)
        assert first.wait(120) == 0
    assert statuses(user) == {"pump_ksb_etanorm_006": "onboarded", "motor_weg_w22_003": "failed"}


def test_every_fleet_profile_makes_its_seed(user: User) -> None:
    user.run("onboard", "--fleet", "--rows", "1000")
    assert len(statuses(user)) == 32
    with user.running(COMMAND, "worker", "--queues", "default"):
        eventually(lambda: len(seeded(user)) == 32, 120)
    seeds = list((user.home / "GAN/seed_data/temporal").glob("*_temporal_seed.parquet"))
    assert len(seeds) == 32
    waiting = user.json("jobs", "--status", "pending")
    assert {job["stage"] for job in waiting} == {"train_tvae"}


@pytest.fixture
def served(user: User, settings: Settings, redis_url: str, request: pytest.FixtureRequest) -> User:
    """A user with a real Redis: once with SQLite and a folder, once with PostgreSQL and S3."""
    user.environment |= {"FLEETFORGE_REDIS_URL": redis_url}
    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
        user.environment |= {
            "FLEETFORGE_DATABASE_URL": url,
            "FLEETFORGE_ARTIFACTS": request.getfixturevalue("bucket"),
            "AWS_ACCESS_KEY_ID": os.environ["AWS_ACCESS_KEY_ID"],
            "AWS_SECRET_ACCESS_KEY": os.environ["AWS_SECRET_ACCESS_KEY"],
        }
        refused = user.run("onboard", "fan_howden_buffalo_008", exit_code=1)
        assert "fleetforge db upgrade" in refused.stderr
        user.run("db", "upgrade")
    return user


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_workers_scale_out_by_procfile_over_real_servers(served: User) -> None:
    shutil.copy(ROOT / "Procfile", served.folder)
    command = honcho(served, "worker=2,train=2,telemetry=0,watch=1,notify=0,web=0")
    machines = ["fan_howden_buffalo_008", "robot_abb_irb6700_016"]
    with served.running(*command) as stack:
        eventually(lambda: _workers(served) == 4, 60)
        served.run(
            *("onboard", *machines, "--epochs", "60", "--rows", "2000"),
            *("--samples", "2000,400,400"),
        )
        ended = {"onboarded", "failed"}
        eventually(lambda: set(statuses(served).values()) <= ended, 240)
        workers = {job["worker"] for job in served.json("jobs")}
        stack.send_signal(signal.SIGTERM)
        stack.wait(30)
    assert statuses(served) == dict.fromkeys(machines, "onboarded")
    assert len(workers) >= 3
    assert not (served.home / "run").exists()  # no private Valkey was started
    report = "GAN/reports/generation/robot_abb_irb6700_016_report.json"
    assert stored(served, report)["passed"] is True


def stored(user: User, key: str) -> dict[str, object]:
    """A JSON file below the artifact root, folder or bucket."""
    from pyarrow.fs import FileSystem, LocalFileSystem

    root = user.environment.get("FLEETFORGE_ARTIFACTS", "")
    filesystem, base = FileSystem.from_uri(root) if root else (LocalFileSystem(), str(user.home))
    with filesystem.open_input_file(f"{base}/{key}") as file:
        content: dict[str, object] = json.loads(file.read())
    return content


def _workers(user: User) -> int:
    """Workers that are alive, by the ledger alone: the broker may be going down meanwhile."""
    return sum(worker["alive"] for worker in user.json("workers"))
