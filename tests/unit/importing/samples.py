"""Real run-to-failure data: lives of the test rig, with another owner's column names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from errors import InvalidInput, Problem
from GAN.importing.columns import choose_columns
from GAN.importing.conversion import Runs, convert_runs
from GAN.profiles.profile import MachineProfile

#: Another owner's names for the columns of a seed.
THEIRS = {
    "unit_id": "Engine",
    "cycle_hour": "Hours",
    "rul_hours": "RUL",
    "failure_mode": "Fault",
    "vibration_rms": "s4",
    "bearing_temperature": "BearingTemp",
}


def theirs(seed: pd.DataFrame) -> pd.DataFrame:
    """A seed as in another owner's file: without RUL and failure modes."""
    return seed.drop(columns=["rul_hours", "failure_mode"]).rename(columns=THEIRS)


def made(
    frame: pd.DataFrame,
    profile: MachineProfile | None = None,
    failure_mode: str | None = None,
    **given: str,
) -> Runs:
    """What is made of a file's table when the user says so much."""
    chosen = choose_columns(frame, given, profile)
    return convert_runs(
        frame, chosen.columns, "the file", profile, failure_mode, known=chosen.problems
    )


def problems(make: Callable[[], object]) -> dict[str, Problem]:
    """What is wrong, by place; never two problems with one place and message."""
    with pytest.raises(InvalidInput) as caught:
        make()
    found = caught.value.problems
    assert len(set(found)) == len(found)
    assert all(problem.advice for problem in found)
    return {problem.path: problem for problem in found}


def lives(*, units: int, rows: int, **columns: object) -> pd.DataFrame:
    """A table of equally long lives with one sensor that rises; columns are added or replaced."""
    step = list(range(rows))
    frame = pd.DataFrame(
        {
            "unit": [unit for unit in range(1, units + 1) for _ in step],
            "cycle": step * units,
            "wear": [float(at) + 0.25 * (at % 3) for _ in range(units) for at in step],
        }
    )
    return frame.assign(**columns)


def written(frame: pd.DataFrame, path: Path) -> Path:
    """The table as a file."""
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)
    return path
