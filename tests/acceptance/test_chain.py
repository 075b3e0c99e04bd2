"""One command on an empty folder: from a profile to finished data."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pandas as pd
import pytest

from tests.acceptance.conftest import User
from tests.acceptance.warm_command import WarmCommand

MACHINE = "motor_siemens_1la7_001"
FILES = {
    f"GAN/metadata/{MACHINE}_metadata.json",
    f"GAN/seed_data/temporal/{MACHINE}_temporal_seed.parquet",
    f"GAN/models/tvae/temporal/{MACHINE}_tvae_temporal_120epochs.pkl",
    f"GAN/models/tvae/temporal/{MACHINE}_tvae_temporal_120epochs.md",
    f"GAN/data/synthetic/{MACHINE}/train.parquet",
    f"GAN/data/synthetic/{MACHINE}/val.parquet",
    f"GAN/data/synthetic/{MACHINE}/test.parquet",
    f"GAN/data/synthetic/{MACHINE}/README.md",
    f"GAN/data/synthetic/{MACHINE}/croissant.json",
    f"GAN/models/predictors/{MACHINE}/{MACHINE}_predictor_v1.zip",
    f"GAN/models/predictors/{MACHINE}/{MACHINE}_predictor_v1.md",
    f"GAN/reports/generation/{MACHINE}_report.json",
    f"GAN/reports/generation/{MACHINE}_report.html",
}


@pytest.fixture(scope="module")
def onboarded(
    tmp_path_factory: pytest.TempPathFactory, warm_command: WarmCommand
) -> tuple[User, str, str]:
    """What `make run` does, with fewer epochs and rows; the user, what was said, what was shown."""
    user = User(tmp_path_factory.mktemp("onboarded"), warm_command)
    done = user.run(
        "onboard",
        MACHINE,
        *("--epochs", "120", "--rows", "2000", "--samples", "3000,600,500", "--wait"),
    )
    return user, done.stdout, done.stderr


def test_one_number_shows_the_progress_of_the_whole_chain(
    onboarded: tuple[User, str, str],
) -> None:
    _, _, shown = onboarded
    lines = re.findall(rf"^{MACHINE}  (.*?)  (\d+) %(?:  (.*))?$", shown, re.MULTILINE)
    reached = [int(percent) for _, percent, _ in lines]
    assert reached == sorted(reached)
    assert reached[-1] == 100
    seen = list(dict.fromkeys(before.split("  ")[0] for before, _, _ in lines))
    declared = ["generate_seed", "train_tvae", "generate_synthetic", "assess_quality"]
    assert seen == [name for name in [*declared, "train_predictor", "onboarded"] if name in seen]
    assert {"train_tvae", "assess_quality", "train_predictor", "onboarded"} <= set(seen)
    assert any(re.match(r"epoch \d+ of 120.* loss -?\d", after) for _, _, after in lines)
    assert " left" not in shown  # Nothing is known yet of how long stages take.


def test_it_ends_with_a_summary_and_the_paths_of_what_was_made(
    onboarded: tuple[User, str, str],
) -> None:
    user, said, _ = onboarded
    assert re.search(rf"{MACHINE} │ onboarded │ 120 ", said)
    paths = {line for line in said.splitlines() if line.startswith("/")}
    assert paths == {str(user.home / key) for key in FILES}
    assert all(Path(path).is_file() for path in paths)


def test_each_stage_was_triggered_by_the_event_of_the_one_before(
    onboarded: tuple[User, str, str],
) -> None:
    user, _, _ = onboarded
    events = user.json("events", "--machine", MACHINE)
    assert [event["type"] for event in events] == [
        "MachineCreated",
        "SeedReady",
        "ModelTrained",
        "SyntheticDataReady",
        "MachineOnboarded",
        "PredictorTrained",
    ]
    causes = [event["causation_id"] for event in events]
    assert causes == [None, *(event["id"] for event in events[:-1])]
    assert len({event["correlation_id"] for event in events}) == 1
    trained = events[2]["payload"]
    assert len(trained["loss_history"]) == 120
    assert trained["final_loss"] == trained["loss_history"][-1]
    assert trained["training_time_seconds"] > 0
    assert trained["num_features"] > 4


def test_a_second_run_finds_the_work_done(onboarded: tuple[User, str, str]) -> None:
    user, _, _ = onboarded
    before = user.json("events")
    began = time.monotonic()
    done = user.run("onboard", MACHINE, "--wait")
    assert "already registered with this profile" in done.stdout
    assert time.monotonic() - began < 10
    assert user.json("events") == before


def test_the_ledger_lists_it_as_onboarded(onboarded: tuple[User, str, str]) -> None:
    user, _, _ = onboarded
    (machine,) = user.json("machines", "list")
    assert machine["machine_id"] == MACHINE
    assert (machine["stage"], machine["status"]) == ("assess_quality", "onboarded")
    (status,) = user.json("status", MACHINE)
    assert status["status"] == "onboarded"
    shown = user.json("machines", "show", MACHINE)
    assert {file["key"] for file in shown["files"]} == FILES
    assert shown["profile"]["machine_id"] == MACHINE
    assert {file["verdict"] for file in shown["files"] if "seed" not in file["key"]} >= {"accepted"}


def test_the_report_says_how_good_the_data_are(onboarded: tuple[User, str, str]) -> None:
    user, _, _ = onboarded
    report = json.loads((user.home / f"GAN/reports/generation/{MACHINE}_report.json").read_text())
    assert report["passed"] is True
    assert report["rows"]["quality_score"] >= 0.75
    page = (user.home / f"GAN/reports/generation/{MACHINE}_report.html").read_text()
    assert report["verdict"] in page
    assert "<script" not in page
    assert "http://" not in page
    assert len(page.encode()) < 250_000


def test_the_cards_have_the_checksums_of_the_ledger(onboarded: tuple[User, str, str]) -> None:
    user, _, _ = onboarded
    shown = user.json("machines", "show", MACHINE)["files"]
    sha256 = {file["key"].rpartition("/")[2]: file["sha256"] for file in shown}
    folder = user.home / f"GAN/data/synthetic/{MACHINE}"
    described = json.loads((folder / "croissant.json").read_text())["distribution"]
    named = {one["name"]: one["sha256"] for one in described if "sha256" in one}
    assert named == {
        name: sha256[name] for name in ("train.parquet", "val.parquet", "test.parquet")
    }
    model = sha256[f"{MACHINE}_tvae_temporal_120epochs.pkl"]
    assert model in (folder / "README.md").read_text()
    card = user.home / f"GAN/models/tvae/temporal/{MACHINE}_tvae_temporal_120epochs.md"
    assert model in card.read_text()


def test_the_predictor_is_live_and_predicts_from_a_file_without_the_ledger(
    onboarded: tuple[User, str, str],
) -> None:
    user, _, _ = onboarded
    (live,) = user.json("predictors", "list")
    assert (live["machine_id"], live["version"], live["live"]) == (MACHINE, 1, True)
    assert live["scores"]["late_mae_hours"] < 0.25 * live["scores"]["late_mae_by_age_hours"]
    seed = pd.read_parquet(user.home / f"GAN/seed_data/temporal/{MACHINE}_temporal_seed.parquet")
    readings = seed[seed["rul_hours"] >= 20].rename(columns={"unit_id": "unit"})
    readings.drop(columns=["rul_hours", "failure_mode"]).to_csv(user.folder / "now.csv")
    ledger = user.home / "ledger.sqlite3"
    ledger.rename(user.home / "away")
    try:
        found = user.json("predict", MACHINE, "now.csv")
        said = user.run("predict", MACHINE, "now.csv").stdout
        often = user.json("predict", MACHINE, "now.csv", "--false-alarms", "100")
        problem = user.run("predict", MACHINE, "now.csv", "--false-alarms", "0", exit_code=2).stderr
        assert not ledger.exists()
    finally:
        (user.home / "away").rename(ledger)
    assert [one["unit"] for one in found] == [str(unit) for unit in readings["unit"].unique()]
    assert {one["based_on"] for one in found} == {"readings"}
    assert all(one["rul_low_hours"] <= one["rul_hours"] <= one["rul_high_hours"] for one in found)
    assert often[0]["novelty_limit"] < found[0]["novelty_limit"]
    assert "--false-alarms" in problem
    assert said.startswith("UNIT  RUL_HOURS  90 % INTERVAL  IN 24 H  LIKELY MODE")
    assert "h left, with 90 % probability" in said


def test_nothing_is_left_running(onboarded: tuple[User, str, str]) -> None:
    user, _, _ = onboarded
    left = [process for process in Path("/proc").glob("[0-9]*") if _works_in(process, user.folder)]
    assert left == []


def _works_in(process: Path, folder: Path) -> bool:
    try:
        return (process / "cwd").readlink() == folder
    except (FileNotFoundError, PermissionError, ProcessLookupError):
        return False
