"""The readings that a unit has sent, oldest first."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from storage.database import execute, reading
from storage.telemetry import units

#: Rows of one batch; with fifty sensors, 7 MB.
BATCH_ROWS = 16_384

#: Later than any time of the ledger, ms.
_NEVER = 2**53


class StoredReading(NamedTuple):
    """A row of readings; times are ms since 1970.

    Attributes:
        life: The life of the unit that it belongs to.
        began_at: When that life began.
        figures: One float64 for each sensor of the profile, little-endian; NaN without a reading,
            infinity if the reading is impossible.
        late: Whether it came after a later one was used.
    """

    at: int
    life: int
    began_at: int
    figures: bytes
    late: bool


@dataclass(frozen=True)
class UnitHistory:
    """A unit and its lives, oldest first.

    Attributes:
        lives: Number, beginning and end of each, ms since 1970; the newest one has no end.
    """

    unit_id: int
    lives: tuple[tuple[int, int, int], ...]

    def life_at(self, at: int) -> tuple[int, int]:
        """Number and beginning of the life that a reading at this time belongs to.

        A reading at the very end of a life belongs to that life.
        """
        ends = [ended_at for _, _, ended_at in self.lives]
        number, began_at, _ = self.lives[min(bisect_left(ends, at), len(ends) - 1)]
        return number, began_at


def history_of(machine_id: str, unit: str) -> UnitHistory:
    """A unit and its lives.

    Raises:
        NotFound: The machine has no such unit.
    """
    with reading():
        now = units.key_of(machine_id, unit)
        ended = execute(_LIVES, unit=now.id)
    return UnitHistory(now.id, (*ended, (now.life, now.began_at, _NEVER)))


def readings_of(
    history: UnitHistory, *, after: int, until: int | None, most: int
) -> list[StoredReading]:
    """Readings of a unit, the oldest first. All exports read them here.

    Args:
        history: The unit.
        after: Only readings later than this, ms since 1970; -1: from the first.
        until: Only readings at or before this.
        most: Maximum number of rows.
    """
    with reading():
        rows = execute(
            _ROWS,
            unit=history.unit_id,
            after=after,
            until=_NEVER if until is None else until,
            most=most,
        )
    return [
        StoredReading(at, *history.life_at(at), bytes(figures), bool(late))
        for at, figures, late in rows
    ]


def each_batch(
    history: UnitHistory, *, since: int | None, until: int | None
) -> Iterator[list[StoredReading]]:
    """All readings of a period, a batch at a time: a year is never in memory.

    Each batch is a query by itself, so no transaction lasts as long as a slow client.

    Args:
        history: The unit.
        since: Only readings at or after this, ms since 1970.
        until: Only readings at or before this.
    """
    after = -1 if since is None else since - 1
    while True:
        found = readings_of(history, after=after, until=until, most=BATCH_ROWS)
        if found:
            yield found
        if len(found) < BATCH_ROWS:
            return
        after = found[-1].at


_LIVES = "SELECT life, began_at, ended_at FROM lives WHERE unit_id = :unit ORDER BY ended_at"

_ROWS = """
SELECT at, figures, late FROM readings WHERE unit_id = :unit AND at > :after AND at <= :until
ORDER BY at LIMIT :most
"""
