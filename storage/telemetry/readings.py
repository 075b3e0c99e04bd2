"""Adding readings: each is written once, however often it is sent."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from storage.database import each_row, execute, is_sqlite
from storage.telemetry import units
from storage.telemetry.units import UnitKey

#: How many known readings are compared with those that were sent again.
_MOST_COMPARED = 1_000


class NewReading(NamedTuple):
    """A checked row of readings.

    Attributes:
        place: Where it is in the input, for problems.
        at: ms since 1970.
        figures: One float64 for each sensor.
    """

    place: str
    unit: str
    at: int
    figures: bytes


@dataclass
class Added:
    """What became of the rows of one machine.

    Attributes:
        taken: Rows that are new.
        known: Rows whose unit had a reading at that time; the first one counts.
        late: New rows that are older than what the unit's condition includes.
        too_early: Rows from before the life of their unit began, and when that was, ms.
        differing: Known rows that have other values.
    """

    taken: int = 0
    known: int = 0
    late: int = 0
    too_early: list[tuple[NewReading, int]] = field(default_factory=list)
    differing: list[NewReading] = field(default_factory=list)


def add(machine_id: str, rows: Sequence[NewReading], max_units: int) -> Added:
    """Add readings of one machine; call inside a transaction.

    Args:
        machine_id: The machine.
        rows: The rows; units that are new are added.
        max_units: How many units a machine may have.

    Raises:
        InvalidInput: There would be more units than that.
    """
    units.hold(machine_id)
    by_unit: dict[str, list[NewReading]] = defaultdict(list)
    for row in rows:
        by_unit[row.unit].append(row)
    known = units.keys_of(machine_id, by_unit)
    newcomers = {name: min(row.at for row in by_unit[name]) for name in by_unit.keys() - known}
    units.add(machine_id, newcomers, max_units)
    known |= units.keys_of(machine_id, newcomers)
    added = Added()
    accepted: list[tuple[UnitKey, NewReading]] = []
    for name, its_rows in by_unit.items():
        unit = known[name]
        for row in its_rows:
            if row.at < unit.began_at:
                added.too_early.append((row, unit.began_at))
            else:
                accepted.append((unit, row))
    _insert(accepted, added)
    return added


def _insert(rows: list[tuple[UnitKey, NewReading]], added: Added) -> None:
    sent = [
        (unit.id, row.at, row.figures.hex(), int(row.at <= unit.condition_at)) for unit, row in rows
    ]
    decoded = "unhex(c2)" if is_sqlite() else "decode(c2, 'hex')"
    statement = _INSERT.format(rows=each_row(4), figures=decoded)
    new = set(execute(statement, rows=json.dumps(sent)))
    added.taken = len(new)
    added.known = len(rows) - len(new)
    newest: dict[int, int] = {}
    repeated: list[tuple[UnitKey, NewReading]] = []
    for unit, row in rows:
        if (unit.id, row.at) not in new:
            repeated.append((unit, row))
            continue
        new.remove((unit.id, row.at))  # A second row of this time in the batch is a repeated one.
        added.late += row.at <= unit.condition_at
        newest[unit.id] = max(row.at, newest.get(unit.id, 0))
    seen = list(newest.items())
    greatest = "MAX" if is_sqlite() else "GREATEST"
    execute(_SEEN.format(rows=each_row(2), greatest=greatest, now="{now}"), rows=json.dumps(seen))
    added.differing = _differing(repeated[:_MOST_COMPARED])


def _differing(rows: list[tuple[UnitKey, NewReading]]) -> list[NewReading]:
    """Rows whose values are not those that are stored."""
    if not rows:
        return []
    sent = json.dumps([(unit.id, row.at) for unit, row in rows])
    stored = {
        (unit_id, at): bytes(figures)
        for unit_id, at, figures in execute(_STORED.format(rows=each_row(2)), rows=sent)
    }
    return [row for unit, row in rows if stored.get((unit.id, row.at)) != row.figures]


_INSERT = """
INSERT INTO readings (unit_id, at, figures, late)
SELECT CAST(c0 AS BIGINT), CAST(c1 AS BIGINT), {figures}, CAST(c3 AS INTEGER) = 1
FROM {rows} WHERE TRUE
ON CONFLICT (unit_id, at) DO NOTHING
RETURNING unit_id, at
"""

_SEEN = """
UPDATE units SET seen_at = {greatest}(seen_at, CAST(c1 AS BIGINT)), received_at = {now}
FROM {rows}
WHERE units.id = CAST(c0 AS BIGINT)
"""

_STORED = """
SELECT readings.unit_id, readings.at, readings.figures FROM readings
JOIN {rows} ON readings.unit_id = CAST(c0 AS BIGINT) AND readings.at = CAST(c1 AS BIGINT)
"""
