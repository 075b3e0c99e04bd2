"""Maintenance windows from texts: single windows and weekly rules."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo

from errors import InvalidInput, Problem
from GAN.config.limits import MAX_PLAN_WEEKS, MIN_PLAN_WEEKS
from GAN.maintenance.checks import window_problems
from GAN.maintenance.request import Window

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_FORM = "write 2026-12-06T06:00/2026-12-06T14:00 or sunday 06:00-14:00"
_WEEKLY = re.compile(
    r"(?:every\s+)?([a-z]+)\s+(\d{1,2}):(\d\d)\s*-\s*(\d{1,2}):(\d\d)", re.IGNORECASE
)
_CAPACITY = re.compile(r"(\d+)\s*units?|(\d+(?:\.\d+)?)\s*h(?:ours?)?", re.IGNORECASE)


def parse_windows(
    texts: Sequence[str],
    *,
    after: datetime,
    zone: str = "UTC",
    weeks: int = 4,
) -> tuple[Window, ...]:
    """Read windows from texts.

    A text is one window (`2026-12-06T06:00/2026-12-06T14:00`) or a weekly rule
    (`sunday 06:00-14:00`; `saturday 22:00-04:00` ends on Sunday). Its capacity follows:
    `sunday 06:00-14:00, 3 units, 16 hours`.

    Args:
        texts: The windows.
        after: A weekly rule begins with its first window that starts at this time or later. It has
            a time zone.
        zone: IANA time zone of times without an offset. A time that the clocks skip is moved on by
            the hour that they skip; of a time that comes twice, the first is meant.
        weeks: Windows that a weekly rule makes.

    Returns:
        The windows, in order of their starts.

    Raises:
        InvalidInput: With every problem of the texts.
    """
    problems: list[Problem] = []
    if not MIN_PLAN_WEEKS <= weeks <= MAX_PLAN_WEEKS:
        advice = f"write a whole number from {MIN_PLAN_WEEKS} to {MAX_PLAN_WEEKS}"
        problems.append(Problem("weeks", f"{weeks:,} is out of range", advice))
    if after.tzinfo is None:
        problems.append(Problem("after", "has no time zone", "write a time with an offset"))
        after = after.replace(tzinfo=UTC)
    try:
        local: tzinfo = ZoneInfo(zone)
    except (KeyError, ValueError, OSError):  # Of an unknown name, a path, and a folder.
        advice = "write an IANA name such as Europe/Berlin"
        problems.append(Problem("zone", f"{zone!r} is not a time zone", advice))
        local = UTC
    count, found = min(max(weeks, MIN_PLAN_WEEKS), MAX_PLAN_WEEKS), list[Window]()
    for index, text in enumerate(texts):
        times, *capacities = (part.strip() for part in text.split(","))
        path = f"windows[{index}]"
        try:
            made = _windows(times, local, after, count)
            units, hours = _capacity(capacities)
        except (ValueError, OverflowError) as error:
            problems.append(Problem(path, str(error), _FORM))
            continue
        made = [replace(each, units=units, work_hours=hours) for each in made]
        problems += window_problems(path, made[0])
        found += made
    if problems:
        raise InvalidInput("windows", problems)
    return tuple(sorted(found, key=lambda window: (window.start.timestamp(), window.hours)))


def weekly_windows(
    day: int, start: time, end: time, *, after: datetime, zone: tzinfo, weeks: int
) -> list[Window]:
    """The windows of a weekly rule, without a capacity.

    Args:
        day: Day of the week on which they start; 0 is Monday.
        start: Local time of their start.
        end: Local time of their end; on the next day if it is not later than the start.
        after: The first window starts at this time or later.
        zone: Time zone of `start` and `end`.
        weeks: Number of windows.
    """
    first = after.astimezone(zone).date()
    first += timedelta(days=(day - first.weekday()) % 7)
    if _at(first, start, zone).timestamp() < after.timestamp():
        first += timedelta(weeks=1)
    night = timedelta(days=end <= start)
    days = [first + timedelta(weeks=week) for week in range(weeks)]
    return [Window(_at(each, start, zone), _at(each + night, end, zone)) for each in days]


def next_chance(windows: Sequence[Window]) -> datetime:
    """When a unit that misses every window may be stopped at the earliest, in UTC.

    It is the last start plus the longest time between two starts; after one window, plus a week.
    """
    starts = sorted(window.start.timestamp() for window in windows)
    gaps = [b - a for a, b in pairwise(starts) if b > a]
    gap = timedelta(seconds=max(gaps)) if gaps else timedelta(weeks=1)
    return datetime.fromtimestamp(starts[-1], UTC) + gap


def _windows(text: str, zone: tzinfo, after: datetime, weeks: int) -> list[Window]:
    if match := _WEEKLY.fullmatch(text):
        name = match[1].lower()
        day = next((n for n, known in enumerate(DAYS) if name in (known, known[:3])), None)
        if day is None:
            raise ValueError(f"{match[1]!r} is not a day of the week")
        start = _time_of_day(match[2], match[3])
        end = time() if match[4] == "24" and match[5] == "00" else _time_of_day(match[4], match[5])
        return weekly_windows(day, start, end, after=after, zone=zone, weeks=weeks)
    if text.count("/") != 1:
        raise ValueError(f"{text[:60]!r} is not a window")
    start_text, end_text = text.split("/")
    return [Window(_datetime(start_text, zone), _datetime(end_text, zone))]


def _capacity(parts: Sequence[str]) -> tuple[int | None, float | None]:
    units: int | None = None
    hours: float | None = None
    for part in parts:
        match = _CAPACITY.fullmatch(part)
        if match is None:
            raise ValueError(f"{part[:60]!r} is not a capacity such as 3 units or 16 hours")
        if match[1]:
            units = int(match[1][:12])
        else:
            hours = float(match[2])
    return units, hours


def _time_of_day(hour: str, minute: str) -> time:
    try:
        return time(int(hour), int(minute))
    except ValueError:
        raise ValueError(f"{hour}:{minute} is not a time of day") from None


def _datetime(text: str, zone: tzinfo) -> datetime:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text.strip()[:60]!r} is not a date with a time") from None
    return found if found.tzinfo else _existing(found.replace(tzinfo=zone))


def _at(day: date, clock: time, zone: tzinfo) -> datetime:
    return _existing(datetime.combine(day, clock, zone))


def _existing(local: datetime) -> datetime:
    """The same moment as a time that clocks show: they skip an hour when summer time begins."""
    return local.astimezone(UTC).astimezone(local.tzinfo)
