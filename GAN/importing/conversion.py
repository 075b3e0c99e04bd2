"""Convert real run-to-failure data to a seed, and report all problems at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from errors import InvalidInput, Problem
from GAN.datasets.run_to_failure import time_step_of
from GAN.importing.columns import RunColumns
from GAN.importing.failure_modes import unit_modes
from GAN.importing.units import RunLives, read_lives
from GAN.importing.values import Floats, Mask, readings
from GAN.profiles.profile import MachineProfile

if TYPE_CHECKING:
    import pandas as pd

#: Fewest rows of a file, also after units are left out: one batch of a training.
MIN_RUN_ROWS = 500
#: Fewest units that reach failure.
MIN_FAILED_UNITS = 1
#: Smallest median number of rows per life.
MIN_ROWS_OF_A_LIFE = 10

#: Roles that may show that no unit failed, in order of precedence.
_ENDS = ("failed", "censored", "rul_hours")

#: Share of readings beyond a sensor's limits above which the column is assumed to be wrong.
MOST_OUTSIDE = 0.05


@dataclass(frozen=True)
class Runs:
    """Real run-to-failure data in the columns of a seed.

    Attributes:
        frame: The columns of a seed: unit_id, cycle_hour, rul_hours, failure_mode, then the
            sensors.
        censored: Units in the frame that did not run to failure; their RUL is the file's.
        left_out: Units of the file that are not in the frame, by their label in the file.
        unfailed: The readings of those of them that had not failed, in the same columns; their RUL
            is the time until their last reading, so their true RUL is longer.
        notes: Changes to the data and anomalies in them, one line each.
    """

    frame: pd.DataFrame
    censored: tuple[int, ...]
    left_out: tuple[str, ...]
    unfailed: pd.DataFrame
    notes: tuple[str, ...]

    @property
    def units(self) -> int:
        """Number of lives in the seed."""
        return int(self.frame["unit_id"].iloc[-1])


def convert_runs(
    frame: pd.DataFrame,
    columns: RunColumns,
    source: str,
    profile: MachineProfile | None = None,
    failure_mode: str | None = None,
    known: Sequence[Problem] = (),
) -> Runs:
    """Convert a file's table to a seed.

    Rows of different units may alternate. Missing readings are interpolated within their unit.

    Args:
        frame: The table as read.
        columns: Meaning of its columns.
        source: Name of the file in messages.
        profile: The machine's profile, which gives the order of the sensors; without one the order
            is that of `columns`.
        failure_mode: Failure mode of all units, if there is no column for it.
        known: Problems that were found earlier, to be reported together with those found here.

    Raises:
        InvalidInput: With every problem of the data.
    """
    problems = [*known, *_row_problems(len(frame))]
    names = [*columns.sensors] if profile is None else [sensor.name for sensor in profile.sensors]
    values: dict[str, Floats] = {}
    for name in names:
        if name in columns.sensors:
            column = columns.sensors[name]
            values[name], found = readings(frame[column], _place(name, column))
            problems += found
            problems += _limit_problems(name, values[name], profile)
    lives = read_lives(frame, columns.roles, problems)
    modes = unit_modes(frame, columns.roles, lives, profile, failure_mode, problems)
    if lives is not None:
        problems += _life_problems(lives, columns)
        problems += _empty_units(lives, values, columns)
    if problems or lives is None or modes is None:
        raise InvalidInput(source, problems)
    return _assembled(lives, modes, values, profile, source)


def _row_problems(rows: int) -> Iterator[Problem]:
    if rows < MIN_RUN_ROWS:
        yield Problem("", f"{rows} rows", f"give at least {MIN_RUN_ROWS}")


def _place(name: str, column: str) -> str:
    return f"column {column!r}" if name == column else f"column {column!r} ({name})"


def _of_role(role: str, columns: RunColumns) -> str:
    return f"column {columns.roles[role]!r}"


def _limit_problems(name: str, values: Floats, profile: MachineProfile | None) -> Iterator[Problem]:
    if profile is None or np.isnan(values).all():
        return
    sensor = next(sensor for sensor in profile.sensors if sensor.name == name)
    outside = _outside(values, sensor.physical_limits.min, sensor.physical_limits.max)
    if outside > MOST_OUTSIDE:
        limits = sensor.physical_limits
        yield Problem(
            name,
            f"{outside:.0%} of the readings are outside {limits.min:g} to {limits.max:g} "
            f"{sensor.unit}, the profile's limits; their median is {np.nanmedian(values):g}",
            "give another column, another unit, or correct the profile",
        )


def _outside(values: Floats, low: float, high: float) -> float:
    present = values[~np.isnan(values)]
    return float(np.mean((present < low) | (present > high))) if len(present) else 0.0


def _life_problems(lives: RunLives, columns: RunColumns) -> Iterator[Problem]:
    failed = int(lives.failed.sum())
    if failed < MIN_FAILED_UNITS:
        how = "" if lives.rul is None else f": RUL never falls below {np.min(lives.rul):g}"
        yield Problem(
            next(_of_role(role, columns) for role in _ENDS if role in columns.roles),
            f"no unit reaches failure, {len(lives.labels)} are censored{how}",
            f"give at least {MIN_FAILED_UNITS} unit that ran until it failed",
        )
        return
    typical = float(np.median(lives.rows[lives.failed]))
    if int(lives.rows.sum()) < MIN_RUN_ROWS:
        return  # With so few rows, other checks would mislead.
    if typical < MIN_ROWS_OF_A_LIFE:
        yield Problem(
            _of_role("unit_id", columns),
            f"{len(lives.labels):,} units with a median of {typical:g} rows",
            f"a life has at least {MIN_ROWS_OF_A_LIFE} rows; is another column the unit?",
        )
    elif (short := lives.kept & (lives.rows < 2)).any():
        which = [lives.labels[unit] for unit in np.flatnonzero(short)[:5]]
        what = f"{int(short.sum())} units have a single row: {', '.join(which)}"
        advice = "leave them out of the file"
        yield Problem(_of_role("unit_id", columns), what, advice)
    rows = int(lives.rows[lives.kept].sum())
    if rows < MIN_RUN_ROWS:
        what = f"{rows} rows are left without the censored units of unknown RUL"
        yield Problem("", what, f"give at least {MIN_RUN_ROWS}")


def _empty_units(
    lives: RunLives, values: Mapping[str, Floats], columns: RunColumns
) -> Iterator[Problem]:
    units = len(lives.labels)
    for name, column in values.items():
        present = np.bincount(lives.codes, weights=~np.isnan(column), minlength=units)
        empty = np.flatnonzero((present == 0) & lives.kept)
        # A completely empty column is already reported.
        if 0 < len(empty) < units:
            what = f"no readings in {len(empty)} units, first in {lives.labels[empty[0]]}"
            advice = "fill it in, or leave out the units or the column"
            yield Problem(_place(name, columns.sensors[name]), what, advice)


def _assembled(
    lives: RunLives,
    modes: Sequence[str],
    values: Mapping[str, Floats],
    profile: MachineProfile | None,
    source: str,
) -> Runs:
    kept = lives.kept & np.array([bool(mode) for mode in modes])
    notes = list(_notes_on_units(lives, kept))
    frame = _table(lives, kept, lives.left, modes, values)
    for name in values:
        missing = float(frame[name].isna().mean())
        if missing:
            frame[name] = _filled(frame, name)
            notes.append(f"{name}: {missing:.1%} of the readings were missing; interpolated")
    if profile is not None:
        problems = list(_profile_problems(frame, profile))
        if problems:
            raise InvalidInput(source, problems)
        notes += _notes_on_profile(frame, profile)
    censored = np.cumsum(kept)[kept & ~lives.failed]
    left_out = [label for label, stays in zip(lives.labels, kept, strict=True) if not stays]
    seen = lives.lived[lives.last_rows][lives.codes] - lives.lived
    # A single reading says nothing about how readings go on.
    unfailed = _table(
        lives, ~kept & ~lives.failed & (lives.rows > 1), seen, [""] * len(modes), values
    )
    return Runs(frame, tuple(map(int, censored)), tuple(left_out), unfailed, tuple(notes))


def _table(
    lives: RunLives,
    chosen: Mask,
    rul: Floats,
    modes: Sequence[str],
    values: Mapping[str, Floats],
) -> pd.DataFrame:
    """Some units in the columns of a seed, numbered from 1."""
    import pandas as pd

    number = np.cumsum(chosen).astype(np.int32)
    rows = lives.order[chosen[lives.codes[lives.order]]]
    units = lives.codes[rows]
    return pd.DataFrame(
        {
            "unit_id": number[units],
            "cycle_hour": lives.lived[rows],
            "rul_hours": rul[rows],
            "failure_mode": np.array(modes, dtype=object)[units],
            **{name: column[rows] for name, column in values.items()},
        }
    )


def _filled(frame: pd.DataFrame, name: str) -> pd.Series[float]:
    """Fill gaps: linear in time between two readings of a unit, else the nearest reading."""
    values, time = frame[name], frame["cycle_hour"]
    times = time.where(values.notna())
    unit = frame["unit_id"]
    before, after = values.groupby(unit).ffill(), values.groupby(unit).bfill()
    began, ends = times.groupby(unit).ffill(), times.groupby(unit).bfill()
    way = ((time - began) / (ends - began)).fillna(0.0)
    between: pd.Series[float] = before + way * (after - before)
    return values.fillna(between).fillna(before).fillna(after)


def _notes_on_units(lives: RunLives, kept: np.ndarray) -> Iterator[str]:
    censored = kept & ~lives.failed
    if censored.any():
        which = _some([lives.labels[unit] for unit in np.flatnonzero(censored)])
        yield f"{int(censored.sum())} units are censored, with the RUL of the file: {which}"
    if not kept.all():
        which = _some([lives.labels[unit] for unit in np.flatnonzero(~kept)])
        rows = int(lives.rows[~kept].sum())
        yield (
            f"{int((~kept).sum())} censored units, {rows:,} rows, are left out because their "
            "remaining life or failure mode is unknown; predictors still learn their readings: "
            f"{which}"
        )


def _some(labels: Sequence[str], most: int = 10) -> str:
    more = len(labels) - most
    return ", ".join(labels[:most]) + (f" and {more} more" if more > 0 else "")


def _profile_problems(frame: pd.DataFrame, profile: MachineProfile) -> Iterator[Problem]:
    step, longest = time_step_of(frame), profile.life.max_rul_hours
    if step > longest / MIN_ROWS_OF_A_LIFE:
        yield Problem(
            "cycle_hour",
            f"rows are {step:g} h apart, and the profile's longest life is {longest:g} h",
            "give the time in hours, or correct rul.max_rul_hours of the profile",
        )


def _notes_on_profile(frame: pd.DataFrame, profile: MachineProfile) -> Iterator[str]:
    longest = float((frame["cycle_hour"] + frame["rul_hours"]).max())
    if longest > profile.life.max_rul_hours:
        yield (
            f"the longest life is {longest:g} h; synthetic lives are limited to the profile's "
            f"{profile.life.max_rul_hours:g} h"
        )
    for sensor in profile.sensors:
        limits = sensor.physical_limits
        outside = _outside(frame[sensor.name].to_numpy(), limits.min, limits.max)
        if outside:
            yield f"{sensor.name}: {outside:.2%} of the readings are outside the profile's limits"
