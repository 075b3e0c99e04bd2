"""Assign the columns of real run-to-failure data: as the user says, else guessed by name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from errors import Problem
from GAN.profiles.profile import MAX_SENSORS, MachineProfile
from GAN.profiles.sensor import RESERVED_NAMES

if TYPE_CHECKING:
    import pandas as pd

#: Roles that a column can have other than a sensor, with common names, most likely first.
#: `censored` and `failed` are flags: their value in a unit's last row says how its life ended.
ROLES: Mapping[str, Sequence[str]] = {
    "unit_id": (
        *("unit_id", "unit", "unit_number", "unit_nr", "unit_no", "unitid", "engine_id", "engine"),
        *("engine_no", "asset_id", "asset", "machine_id", "machine", "machineid", "equipment_id"),
        *("equipment", "device_id", "device", "serial_number", "serial", "run_id", "run", "id"),
    ),
    "cycle_hour": (
        *("cycle_hour", "cycle", "cycles", "time_in_cycles", "time_cycles", "operating_hours"),
        *("run_hours", "hours", "hour", "time_hours", "timestamp", "datetime", "date_time"),
        *("time", "date", "t"),
    ),
    "rul_hours": ("rul_hours", "rul", "remaining_useful_life", "rul_cycles", "rul_h"),
    "failure_mode": ("failure_mode", "fault_mode", "failure_type", "fault_type", "fault", "mode"),
    "censored": ("censored", "is_censored", "right_censored", "suspended"),
    "failed": ("failed", "is_failed", "failure", "event_observed", "event"),
}

#: Given instead of a column's name: the file has no such column, even if a name looks like it.
NO_COLUMN = "none"

#: A column without a role counts as a sensor if at least this share of its values are numbers.
_MOSTLY_NUMBERS = 0.5


@dataclass(frozen=True)
class RunColumns:
    """The columns of a file that are used.

    Attributes:
        roles: Column by role, of those in `ROLES` that the file has.
        sensors: Column by sensor.
    """

    roles: Mapping[str, str]
    sensors: Mapping[str, str]


@dataclass(frozen=True)
class Choice:
    """The meaning of a column, and whether it was guessed."""

    name: str
    column: str
    guessed: bool


@dataclass(frozen=True)
class Chosen:
    """The assignment of a file's columns.

    Attributes:
        choices: Roles, then sensors.
        unused: The reason why a column is not used, by column.
        problems: What is missing or contradictory.
    """

    choices: Sequence[Choice]
    unused: Mapping[str, str]
    problems: Sequence[Problem]

    @property
    def columns(self) -> RunColumns:
        """The choices in the form that the conversion needs."""
        roles = {choice.name: choice.column for choice in self.choices if choice.name in ROLES}
        sensors = {
            choice.name: choice.column for choice in self.choices if choice.name not in ROLES
        }
        return RunColumns(roles, sensors)


def choose_columns(
    frame: pd.DataFrame, given: Mapping[str, str], profile: MachineProfile | None
) -> Chosen:
    """Assign a meaning to each column.

    Args:
        frame: The file as read.
        given: The user's assignment: column by role or sensor; `NO_COLUMN` for a role that the file
            does not have.
        profile: The machine's profile; without one the sensors come from the file.
    """
    problems = list(_assignment_problems(frame, given, profile))
    roles = list(_roles(frame, given))
    for role, option in (("unit_id", "--unit-column"), ("cycle_hour", "--time-column")):
        if role not in {choice.name for choice in roles} and role not in given:
            advice = f"name it by {option}: {_listed(list(frame.columns))}"
            problems.append(Problem(role, "no column looks like this", advice))
    taken = {choice.column for choice in roles}
    free = [column for column in frame.columns if column not in taken]
    if profile is None:
        sensors, unused = _new_sensors(frame, given, free)
        problems += _count_problems(sensors, free)
    else:
        sensors = list(_known_sensors(given, profile, free))
        problems += _missing_sensors(sensors, given, profile, free)
        used = {choice.column for choice in sensors}
        unused = {column: "belongs to no sensor" for column in free if column not in used}
    return Chosen([*roles, *sensors], unused, problems)


def _assignment_problems(
    frame: pd.DataFrame, given: Mapping[str, str], profile: MachineProfile | None
) -> Iterator[Problem]:
    known = None if profile is None else [sensor.name for sensor in profile.sensors]
    first: dict[str, str] = {}
    for name, column in given.items():
        if column == NO_COLUMN and column not in frame:
            if name in ("unit_id", "cycle_hour"):
                yield Problem(name, "every file needs this column", "name it")
            continue
        if column not in frame:
            near = get_close_matches(column, list(frame.columns), n=1)
            advice = (
                f"did you mean {near[0]}?" if near else f"it has {_listed(list(frame.columns))}"
            )
            yield Problem(name, f"no column {column!r} in the file", advice)
        elif first.setdefault(column, name) != name:
            what = f"column {column!r} is already {first[column]}"
            yield Problem(name, what, "give each its own column")
        if name in ROLES:
            continue
        if name in RESERVED_NAMES:
            yield Problem(name, "a computed column", "choose another name")
        elif known is not None and name not in known:
            yield Problem(name, "the machine has no such sensor", f"it has {_listed(known)}")


def unit_problems(units: Mapping[str, str], profile: MachineProfile) -> Iterator[Problem]:
    """Units in a mapping that differ from the profile's."""
    for sensor in profile.sensors:
        unit = units.get(sensor.name, sensor.unit)
        if unit != sensor.unit:
            what = f"the column is in {unit}, the profile has {sensor.unit}"
            yield Problem(f"{sensor.name}.unit", what, f"give a column in {sensor.unit}")


def _roles(frame: pd.DataFrame, given: Mapping[str, str]) -> Iterator[Choice]:
    taken = {column for column in given.values() if column in frame}
    by_name = {plain_name(column): column for column in reversed(list(frame.columns))}
    for role, names in ROLES.items():
        if role in given:
            if given[role] in frame:
                yield Choice(role, given[role], guessed=False)
            continue
        for name in names:
            column = by_name.get(name)
            if column is None or column in taken or not _fits(frame[column], role):
                continue
            taken.add(column)
            # A column with exactly the role's name is not a guess.
            yield Choice(role, column, guessed=column != role)
            break


def _fits(values: pd.Series[Any], role: str) -> bool:
    """Whether the values of a column suit a role: `failure` may be a flag or a mode."""
    if role in ("censored", "failed"):
        return flags(values) is not None
    if role == "failure_mode":
        return bool(values.notna().any()) and flags(values) is None
    return True


def flags(values: pd.Series[Any]) -> pd.Series[bool] | None:
    """A column of yes and no as booleans, missing values as no; None for any other column."""
    words = {
        **dict.fromkeys(("true", "1", "1.0", "yes", "y"), True),
        **dict.fromkeys(("false", "0", "0.0", "no", "n"), False),
    }
    present = values.dropna()
    distinct = {value: words.get(str(value).strip().lower()) for value in present.unique()[:10]}
    if not distinct or None in distinct.values() or present.nunique() > len(distinct):
        return None
    meant: pd.Series[bool] = values.map(distinct).eq(True)
    return meant


def _known_sensors(
    given: Mapping[str, str], profile: MachineProfile, free: Sequence[str]
) -> Iterator[Choice]:
    by_name = {plain_name(column): column for column in reversed(free)}
    elsewhere = set(given.values())
    for sensor in profile.sensors:
        column = given.get(sensor.name, sensor.name)
        if column in free:
            yield Choice(sensor.name, column, guessed=False)
        elif sensor.name not in given and (near := by_name.get(sensor.name)) not in (
            None,
            *elsewhere,
        ):
            yield Choice(sensor.name, str(near), guessed=True)


def _missing_sensors(
    found: Sequence[Choice], given: Mapping[str, str], profile: MachineProfile, free: Sequence[str]
) -> Iterator[Problem]:
    used = {choice.column for choice in found}
    left = [column for column in free if column not in used]
    names = {choice.name for choice in found}
    for sensor in profile.sensors:
        if sensor.name not in names and sensor.name not in given:
            advice = f"name its column in a mapping; unused are {_listed(left)}"
            yield Problem(sensor.name, "no column of the file belongs to this sensor", advice)


def _new_sensors(
    frame: pd.DataFrame, given: Mapping[str, str], free: Sequence[str]
) -> tuple[list[Choice], dict[str, str]]:
    """The sensors of a machine without a profile: those of the mapping, or all that vary."""
    named = {name: column for name, column in given.items() if name not in ROLES}
    if named:
        chosen = [Choice(name, at, guessed=False) for name, at in named.items() if at in free]
        unused = {column: "not in the mapping" for column in free if column not in named.values()}
        return chosen, unused
    chosen, unused, names = [], {}, set(RESERVED_NAMES) | set(ROLES)
    for column in free:
        reason = _no_sensor(frame[column])
        if reason:
            unused[column] = reason
            continue
        name = _new_name(column, len(chosen) + 1, names)
        names.add(name)
        chosen.append(Choice(name, column, guessed=True))
    return chosen, unused


def _no_sensor(values: pd.Series[Any]) -> str:
    """Why a column is not a sensor; empty if it is one, even with faulty values."""
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(values):
        return "a date"
    if not pd.api.types.is_numeric_dtype(values):
        present = values.dropna()
        numbers = pd.to_numeric(present.astype(str), errors="coerce").notna()
        return "" if len(present) and numbers.mean() >= _MOSTLY_NUMBERS else "text"
    if values.isna().any():
        return ""  # Too many missing values are reported later.
    return "constant" if values.min() == values.max() else ""


def _count_problems(sensors: Sequence[Choice], free: Sequence[str]) -> Iterator[Problem]:
    if not sensors:
        advice = f"name the sensors in a mapping; unused are {_listed(free)}"
        yield Problem("sensors", "no column of the file is a sensor", advice)
    if len(sensors) > MAX_SENSORS:
        advice = f"choose at most {MAX_SENSORS} in a mapping"
        yield Problem("sensors", f"{len(sensors)} columns look like sensors", advice)


def plain_name(column: str) -> str:
    """A column's name in lower-case letters, digits and single underscores; may be empty."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", column)
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")


def _new_name(column: str, number: int, taken: set[str]) -> str:
    name = plain_name(column)
    name = name if name[:1].isalpha() else f"sensor_{name or number}"
    name = name[:50].strip("_")
    return name if name not in taken else f"{name}_{number}"


def _listed(columns: Sequence[str], most: int = 12) -> str:
    shown = [str(column)[:60] for column in list(columns)[:most]]
    more = len(columns) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "") or "none"
