"""Readings of past days: moved from the table to files, so that the table stays small."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from storage.artifacts.registry import ARCHIVES, PublishedFile, below
from storage.database import each_row, execute, reading

#: The chain of moving readings.
ARCHIVE_CHAIN = "archive"

#: Rows that one job moves.
MOST_ROWS = 300_000

#: Readings are moved once a machine has had units for so long, and as often as that, hours.
EVERY_HOURS = 12

_MS_PER_DAY = 86_400_000
#: The last second that `datetime` knows: the end of the year 9999.
_LATEST_MS = 253_402_300_799_000


class OldReading(NamedTuple):
    """A row of readings of a past day.

    Attributes:
        at: ms since 1970.
        figures: One float64 for each sensor.
        late: See `storage.telemetry.tables.Reading`.
    """

    id: int
    unit: str
    at: int
    figures: bytes
    late: bool


def key_of(machine_id: str, day: str, job_id: int) -> str:
    """The file of a machine's readings of a day that a job has moved.

    Args:
        machine_id: The machine.
        day: ISO 8601 date, UTC.
        job_id: The job; late readings make another file of the same day.
    """
    return f"{ARCHIVES}{machine_id}/{day}_{job_id}.parquet"


def day_of(key: str) -> str:
    """The day of such a file."""
    return key.rpartition("/")[2].partition("_")[0]


def due(machine_id: str) -> bool:
    """Whether readings of past days are to be moved; call inside a transaction."""
    return bool(
        execute(_DUE, machine=machine_id, chain=ARCHIVE_CHAIN, every=EVERY_HOURS * 3_600_000)
    ) and bool(take(machine_id, limit=1))


def take(machine_id: str, limit: int = MOST_ROWS) -> list[OldReading]:
    """Readings of past days that conditions include: of the oldest days, by unit and time.

    A job with a few days of all units makes a few files. One with all days of a few units would
    make a small file for each day.
    """
    with reading():
        ((first, today),) = execute(_TIMES, machine=machine_id, day=_MS_PER_DAY)
        days, rows = 1, list[tuple[Any, ...]]()
        while first is not None and len(rows) < limit:
            until = min((first // _MS_PER_DAY + days) * _MS_PER_DAY, today)
            rows = execute(_OLD, machine=machine_id, until=until, most=limit)
            if until == today:
                break
            days *= 2
    return [
        OldReading(row_id, unit, at, bytes(figures), bool(late))
        for row_id, unit, at, figures, late in rows
    ]


def remove(ids: Sequence[int]) -> None:
    """Remove rows that were moved; call inside the transaction that adds their files."""
    execute(_REMOVE.format(rows=each_row(1)), rows=json.dumps([[row_id] for row_id in ids]))


def files(machine_id: str, since: int, until: int) -> list[PublishedFile]:
    """The files with readings of a time, by day.

    Args:
        machine_id: The machine.
        since: ms since 1970; likewise `until`.
        until: The end of the time.
    """
    first, last = _day(since), _day(until)
    found = below(machine_id, f"{ARCHIVES}{machine_id}/")
    return [file for file in found if first <= day_of(file.key) <= last]


def _day(ms: int) -> str:
    return datetime.fromtimestamp(min(ms, _LATEST_MS) / 1000, UTC).date().isoformat()


_DUE = """
SELECT 1 FROM units
WHERE machine_id = :machine AND created_at < {now} - :every
    AND NOT EXISTS (
        SELECT 1 FROM events
        WHERE events.machine_id = :machine AND chain = :chain AND occurred_at > {now} - :every
    )
LIMIT 1
"""

# Whole days of UTC have whole multiples of 86,400,000 ms.
_TIMES = """
SELECT MIN((SELECT MIN(at) FROM readings WHERE unit_id = units.id)), ({now} / :day) * :day
FROM units WHERE machine_id = :machine
"""

_OLD = """
SELECT readings.id, units.unit, readings.at, readings.figures, readings.late
FROM units JOIN readings ON readings.unit_id = units.id
    AND readings.at <= units.condition_at AND readings.at < :until
WHERE units.machine_id = :machine
ORDER BY units.id, readings.at LIMIT :most
"""

# A life that has ended meanwhile lets readings wait again: these are then in both places.
_REMOVE = """
DELETE FROM readings WHERE id IN (SELECT CAST(c0 AS BIGINT) FROM {rows})
    AND at <= (SELECT condition_at FROM units WHERE units.id = readings.unit_id)
"""
