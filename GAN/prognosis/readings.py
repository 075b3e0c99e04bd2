"""A table of readings of units, checked, and the condition that it leaves the units in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np

from errors import InvalidInput, Problem
from GAN.datasets.regimes import Regimes
from GAN.importing.columns import plain_name
from GAN.importing.values import hours, readings
from GAN.profiles.profile import MachineProfile
from GAN.prognosis.condition.running import Condition, in_step
from GAN.prognosis.condition.sensors import Floats, SensorArrays

if TYPE_CHECKING:
    import pandas as pd

#: Names of the columns of the unit and of the time, in the order of preference.
UNIT_COLUMNS = ("unit", "unit_id")
TIME_COLUMNS = ("cycle_hour", "hours", "hour", "time", "timestamp", "at")

#: Unit of a table without a column for it.
ONLY_UNIT = "1"


@dataclass(frozen=True)
class Readings:
    """Readings of units, sorted by unit and time.

    Attributes:
        units: Names of the units, in the order of their first rows.
        unit: Index of each row's unit, shape (rows,).
        hours: Hours in service, shape (rows,). Dates count from the unit's first one.
        values: Shape (rows, sensors of the profile); NaN without a reading.
    """

    units: tuple[str, ...]
    unit: np.ndarray[Any, np.dtype[np.intp]]
    hours: Floats
    values: Floats


def check_readings(frame: pd.DataFrame, profile: MachineProfile, source: str) -> Readings:
    """Read a table of readings.

    Args:
        frame: A column of times (`TIME_COLUMNS`; hours or dates), one for each sensor by its name,
            and one of units (`UNIT_COLUMNS`) unless all rows are of one unit. Sensors may be
            absent.
        profile: The machine type.
        source: Name of the table, for errors.

    Raises:
        InvalidInput: With every problem of the table.
    """
    columns = {plain_name(str(column)): column for column in reversed(frame.columns)}
    names = [sensor.name for sensor in profile.sensors]
    unit_name, time_name = _first(UNIT_COLUMNS, columns), _first(TIME_COLUMNS, columns)
    problems: list[Problem] = []
    if not len(frame):
        problems.append(Problem("", "no rows", "give at least one reading"))
    if not set(names) & set(columns):
        found = [name for column in columns for name in get_close_matches(column, names, n=1)]
        advice = f"name columns after sensors, such as {(found or names)[0]}"
        problems.append(Problem("", "no column is named after a sensor", advice))
    time = np.zeros(len(frame))
    if time_name is None:
        advice = f"add one, named {' or '.join(TIME_COLUMNS[:3])}: hours in service"
        problems.append(Problem("", "no column of times", advice))
    else:
        time, wrong = hours(frame[columns[time_name]], f"column '{columns[time_name]}'")
        problems += wrong
    values = np.full((len(frame), len(names)), np.nan)
    for index, name in enumerate(names):
        if name in columns:
            column = columns[name]
            values[:, index], wrong = readings(frame[column], f"column '{column}'", 1.0)
            problems += wrong
    if problems:
        raise InvalidInput(source, problems)
    if unit_name is None:
        labels, unit = [ONLY_UNIT], np.zeros(len(frame), dtype=np.intp)
    else:
        unit, found_labels = frame[columns[unit_name]].astype(str).factorize()
        labels = [str(label) for label in found_labels]
    order = np.lexsort((time, unit))
    return Readings(
        tuple(labels),
        unit[order],
        _since_first_date(time, unit, frame, columns.get(time_name or ""))[order],
        values[order],
    )


def condition_of(table: Readings, sensors: SensorArrays, regimes: Regimes) -> Condition:
    """Update the condition of new units by all rows of a table."""
    condition = Condition(sensors, len(table.units))
    values = regimes.standardised(table.values)
    first = np.searchsorted(table.unit, np.arange(len(table.units)))
    end = np.append(first[1:], len(table.unit))
    for alive, at in in_step(first, end):
        condition.update(alive, table.hours[at], values[at])
    return condition


def _first(names: Sequence[str], columns: dict[str, Any]) -> str | None:
    return next((name for name in names if name in columns), None)


def _since_first_date(time: Floats, unit: Any, frame: pd.DataFrame, column: Any) -> Floats:
    """Hours in service; dates count from the first one of each unit."""
    import pandas as pd

    if column is None or pd.api.types.is_numeric_dtype(frame[column]):
        return time
    if pd.to_numeric(frame[column], errors="coerce").notna().all():
        return time
    first = pd.Series(time).groupby(unit).transform("min").to_numpy()
    return np.asarray(time - first)
