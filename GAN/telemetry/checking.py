"""Checking rows of readings against the machine's profile.

It imports neither NumPy nor pandas: the HTTP service uses it.
"""

from __future__ import annotations

import math
import re
import struct
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches

from errors import Problem
from GAN.config.limits import MAX_MINUTES_AHEAD
from GAN.config.unit_conversion import Conversion, conversion, convertible_to
from GAN.profiles.profile import MachineProfile
from GAN.telemetry.batch import SentRow

#: Names of units.
UNIT_PATTERN = re.compile(r"[A-Za-z0-9._-]{1,60}")

#: Times before this are errors of a clock, ms since 1970: the year 2000.
_EARLIEST_MS = 946_684_800_000


@dataclass(frozen=True, slots=True)
class CheckedRow:
    """A row that can be taken.

    Attributes:
        place: Where it is in the input.
        at: ms since 1970.
        figures: One float64 for each sensor of the profile, little-endian; NaN without a reading,
            infinity if the reading is impossible.
    """

    place: str
    unit: str
    at: int
    figures: bytes


@dataclass
class CheckedRows:
    """The result of a check.

    Attributes:
        refused: One problem for each row that cannot be taken.
        unknown: Names that are no sensors: how many rows have each.
        impossible: Readings beyond the sensor's physical limits, which count as missing.
    """

    rows: list[CheckedRow] = field(default_factory=list)
    refused: list[Problem] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)
    impossible: Counter[str] = field(default_factory=Counter)


def unit_problems(profile: MachineProfile, units: Mapping[str, str]) -> list[Problem]:
    """Units of measurement that do not convert to those of the profile."""
    wanted = {sensor.name: sensor.unit for sensor in profile.sensors}
    return [
        Problem(
            f"units.{sensor[:60]}",
            f"'{unit[:20]}' does not convert to {wanted[sensor]}",
            f"write one of {', '.join(convertible_to(wanted[sensor]))}",
        )
        for sensor, unit in units.items()
        if sensor in wanted and conversion(unit, wanted[sensor]) is None
    ]


def check_rows(
    rows: Iterable[SentRow], profile: MachineProfile, units: Mapping[str, str], now_ms: int
) -> CheckedRows:
    """Check rows of one machine.

    Args:
        rows: The rows.
        profile: The machine type.
        units: Unit of measurement by sensor; `unit_problems` is empty for them.
        now_ms: The ledger's clock.
    """
    checked = CheckedRows()
    sensors = _sensors(profile, units)
    latest = now_ms + 60_000 * MAX_MINUTES_AHEAD
    for row in rows:
        found = _checked(row, sensors, latest, checked)
        if isinstance(found, CheckedRow):
            checked.rows.append(found)
        else:
            checked.refused.append(Problem(row.place, *found))
    return checked


@dataclass(frozen=True, slots=True)
class _Sensor:
    index: int
    lowest: float
    highest: float
    conversion: Conversion


def _sensors(profile: MachineProfile, units: Mapping[str, str]) -> dict[str, _Sensor]:
    found = {}
    for index, sensor in enumerate(profile.sensors):
        converted = conversion(units.get(sensor.name, sensor.unit), sensor.unit)
        assert converted is not None
        limits = sensor.physical_limits
        found[sensor.name] = _Sensor(index, limits.min, limits.max, converted)
    return found


def _checked(
    row: SentRow, sensors: Mapping[str, _Sensor], latest: int, checked: CheckedRows
) -> CheckedRow | tuple[str, str]:
    """The row, or what is wrong with it and what to write instead."""
    if not UNIT_PATTERN.fullmatch(row.unit):
        advice = "write 1 to 60 letters, digits, dots, hyphens or underscores"
        return f"unit {row.unit[:60]!a} is not a name", advice
    at = _milliseconds(row.at)
    if at is None:
        advice = "write RFC 3339 with an offset, such as 2026-01-31T12:00:00Z, or ms since 1970"
        return f"at {str(row.at)[:40]!a} is not a time", advice
    if at < _EARLIEST_MS:
        return f"at is {_text(at)}", "write ms since 1970, not s; check the sender's clock"
    if at > latest:
        advice = f"check the sender's clock; at most {MAX_MINUTES_AHEAD} minutes are accepted"
        return f"at is {_text(at)}, ahead of the ledger's clock", advice
    values = [math.nan] * len(sensors)
    known = 0
    for name, given in row.values.items():
        sensor = sensors.get(name)
        if sensor is None:
            checked.unknown[name[:60]] += 1
            continue
        known += 1
        if given is None or given == "":
            continue
        number = _number(given)
        if number is None or math.isinf(number):
            return f"{name} is {str(given)[:40]!a}", "write a finite number, or nothing"
        number = number * sensor.conversion.factor + sensor.conversion.offset
        if number < sensor.lowest or number > sensor.highest:
            checked.impossible[name] += 1
            number = math.inf
        values[sensor.index] = number
    if not known:
        return _no_sensor(row, sensors)
    return CheckedRow(row.place, row.unit, at, struct.pack(f"<{len(values)}d", *values))


def _no_sensor(row: SentRow, sensors: Mapping[str, _Sensor]) -> tuple[str, str]:
    near = [match for name in row.values for match in get_close_matches(name, sensors, n=1)]
    advice = f"write {near[0]}" if near else f"write {', '.join(list(sensors)[:5])}"
    return ("no reading of a known sensor" if row.values else "no readings"), advice


def _milliseconds(at: object) -> int | None:
    """A time as ms since 1970; None if it is none."""
    if isinstance(at, bool):
        return None
    if isinstance(at, int):
        return at if abs(at) < 2**53 else None
    if isinstance(at, float):
        return round(at) if math.isfinite(at) and abs(at) < 2**53 else None
    if isinstance(at, datetime):
        return _of_date(at)
    if not isinstance(at, str):
        return None
    text = at.strip()
    if text.isascii() and text.isdecimal():
        return int(text) if len(text) < 16 else None
    try:
        return _of_date(datetime.fromisoformat(text))
    except ValueError:
        return None


def _of_date(date: datetime) -> int | None:
    return None if date.tzinfo is None else round(date.timestamp() * 1000)


def _number(given: object) -> float | None:
    if isinstance(given, bool):
        return None
    if isinstance(given, (int, float)):
        return float(given) if abs(given) < 1e308 or given != given else math.inf
    if not isinstance(given, str):
        return None
    try:
        return float(given)
    except ValueError:
        return None


def _text(at: int) -> str:
    if abs(at) > 4_102_444_800_000:  # The year 2100; `datetime` ends at 9999.
        return f"{at:,} ms since 1970"
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="seconds")
