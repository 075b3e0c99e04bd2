"""Bringing real data, with the real command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from GAN.profiles.catalogue import fleet_profile
from GAN.simulation.physics import physics_seed
from tests.acceptance.conftest import COMMAND, User

FLEET_MACHINE = "pump_ksb_etanorm_006"

#: What the test's plant calls the columns.
THEIRS = {"unit_id": "Unit No", "cycle_hour": "Operating Hours"}


@pytest.fixture(scope="module")
def runs() -> pd.DataFrame:
    """Lives of a pump as a plant has them: sensors under its own names, and no RUL."""
    seed = physics_seed(fleet_profile(FLEET_MACHINE), rows=1_500, seed=2)
    sensors = {name: f"S{number:02d}" for number, name in enumerate(seed.columns[4:], start=1)}
    return seed.drop(columns="rul_hours").rename(columns=THEIRS | sensors)


@pytest.fixture
def file(user: User, runs: pd.DataFrame) -> Path:
    path = user.folder / "runs.csv"
    runs.to_csv(path, index=False)
    return path


@pytest.fixture
def mapping(user: User, runs: pd.DataFrame) -> Path:
    names = [sensor.name for sensor in fleet_profile(FLEET_MACHINE).sensors]
    path = user.folder / "columns.yaml"
    path.write_text(
        "".join(f"{name}: S{number:02d}\n" for number, name in enumerate(names, start=1))
    )
    return path


def test_data_of_a_machine_without_a_profile_become_finished_data(user: User, file: Path) -> None:
    plan = ("--epochs", "60", "--samples", "1500,300,300", "--wait")
    done = user.run("seed", "import", "pump_plant_7", "runs.csv", "--yes", *plan)
    assert "unit_id       Unit No                guessed" in done.stdout
    assert "RUL is computed from the last time of each unit" in done.stdout
    assert "new machine; its profile is derived from the data: s" in done.stdout
    types = [event["type"] for event in user.json("events")]
    assert types[:3] == ["RunDataSubmitted", "SeedReady", "ModelTrained"]
    assert types[-2:] == ["MachineOnboarded", "PredictorTrained"]
    shown = user.json("machines", "show", "pump_plant_7")
    assert [sensor["name"] for sensor in shown["profile"]["sensors"]][:2] == ["s01", "s02"]
    seed = pd.read_parquet(user.home / "GAN/seed_data/temporal/pump_plant_7_temporal_seed.parquet")
    assert len(seed) == 1_500
    assert seed.groupby("unit_id")["rul_hours"].min().eq(0).all()
    assert user.run("gc").stdout == "nothing to remove\n"
    user.run("machines", "delete", "pump_plant_7", "--yes")
    assert not list((user.home / ".staged").rglob("*.csv"))


def test_a_fleet_machines_sensors_are_named_by_a_mapping(
    user: User, file: Path, mapping: Path
) -> None:
    command = ("seed", "import", FLEET_MACHINE, "runs.csv", "--mapping", "columns.yaml")
    named = ("--unit-column", "Unit No", "--time-column", "Operating Hours")
    said: dict[str, Any] = user.json(
        *command, *named, "--mode-column", "failure_mode", "--physics-share", "0.5"
    )
    assert said["new_machine"] is False
    assert (said["rows"], said["physics_rows"]) == (1_500, 1_500)
    assert (said["workers_alive"], len(said["jobs"])) == (0, 1)
    (event,) = user.json("events")
    assert event["payload"]["sensors"]["flow_rate"] == "S03"
    (machine,) = user.json("status")
    assert (machine["stage"], machine["status"]) == ("import_seed", "pending")


def test_missing_sensors_are_listed_one_by_one_and_nothing_is_written(
    user: User, file: Path
) -> None:
    done = user.run("seed", "import", FLEET_MACHINE, "runs.csv", "--yes", exit_code=2)
    lines = done.stderr.splitlines()
    assert len(lines) == len(fleet_profile(FLEET_MACHINE).sensors)
    assert all("name its column in a mapping; unused are S01" in line for line in lines)
    assert user.json("machines", "list") == []
    assert not (user.home / ".staged").exists()


def test_one_failure_mode_for_all_units_needs_no_column(user: User, file: Path) -> None:
    command = ("seed", "import", "pump_plant_7", "runs.csv", "--failure-mode", "worn_out")
    said = user.json(*command, "--dry-run")
    assert [mode["name"] for mode in said["profile"]["failure_modes"]] == ["worn_out"]
    assert "failure_mode" not in [column["name"] for column in said["columns"]]
    done = user.run(*command, "--mode-column", "failure_mode", exit_code=2)
    assert "leave out one of the two" in done.stderr


def test_a_dry_run_shows_everything_and_writes_nothing(user: User, file: Path) -> None:
    said = user.json("seed", "import", "pump_plant_7", "runs.csv", "--dry-run")
    assert said["dry_run"] is True
    assert said["columns"][0] == {"name": "unit_id", "column": "Unit No", "guessed": True}
    assert said["failed_units"] == said["units"] > 1
    assert said["profile"]["machine_id"] == "pump_plant_7"
    assert user.json("machines", "list") == []
    assert not (user.home / ".staged").exists()


def test_guesses_need_a_yes_without_a_terminal(user: User, file: Path) -> None:
    done = user.run("seed", "import", "pump_plant_7", "runs.csv", exit_code=2)
    assert "look at them with --dry-run, then name them or add --yes" in done.stderr
    assert user.json("machines", "list") == []


@pytest.mark.parametrize(("answer", "machines"), [("y", 1), ("n", 0)])
def test_on_a_terminal_the_user_is_asked_about_guesses(
    user: User, file: Path, answer: str, machines: int
) -> None:
    ours, theirs = os.openpty()
    os.write(ours, f"{answer}\n".encode())
    done = subprocess.run(
        [COMMAND, "seed", "import", "pump_plant_7", "runs.csv"],
        cwd=user.folder,
        env=user.environment,
        stdin=theirs,
        capture_output=True,
        text=True,
        check=False,
    )
    os.close(ours)
    os.close(theirs)
    assert "Continue with 14 guessed columns? [y/N]" in done.stderr
    assert done.returncode == (0 if machines else 1)
    assert len(user.json("machines", "list")) == machines


def test_every_problem_of_a_bad_file_is_a_line_and_nothing_is_written(
    user: User, runs: pd.DataFrame
) -> None:
    bad = runs.astype({"S01": object})
    bad.loc[5, "S01"] = "broken"
    bad.loc[bad.index % 10 != 0, "S02"] = None
    bad.loc[9, "Operating Hours"] = 0
    bad.to_csv(user.folder / "bad.csv", index=False)
    done = user.run("seed", "import", "No Machine", "bad.csv", "--yes", exit_code=2)
    lines = done.stderr.splitlines()
    assert len(lines) == 4
    for place in ("MACHINE", "column 'S01'", "column 'S02'", "column 'Operating Hours'"):
        assert any(line.startswith(f"error: bad.csv: {place}") for line in lines), place
    assert user.json("machines", "list") == []


def test_help_loads_neither_pandas_nor_torch(user: User) -> None:
    code = (
        "import sys; from cli import fleetforge\n"
        "try: fleetforge(['seed', 'import', '--help'])\n"
        "except SystemExit: pass\n"
        "assert not {'pandas', 'numpy', 'torch', 'sdv'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
