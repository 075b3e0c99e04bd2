"""The units of a machine, and the lock under which their rows change."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from errors import InvalidInput, NotFound, Problem
from storage.database import execute, is_sqlite
from storage.status import UnitLevel

#: The chain that handles readings.
CONDITION_CHAIN = "condition"
#: The chain of events about alerts; no stage belongs to it.
ALERT_CHAIN = "alerts"
#: The chain of what follows the end of a unit's life.
LIFE_CHAIN = "life"

#: The key of PostgreSQL's lock; any number that no other lock has.
_LOCK = 7_003_208


@dataclass(frozen=True, slots=True)
class UnitKey:
    """What the intake of readings needs to know of a unit.

    Attributes:
        began_at: When its life began, ms since 1970.
        condition_at: Time of the newest reading that its condition includes; 0 without one.
    """

    id: int
    unit: str
    life: int
    began_at: int
    condition_at: int


def hold(machine_id: str) -> None:
    """Let no other transaction change this machine's units until this one ends.

    It is not the machine's row that is locked: a completing worker holds its job, and one that
    cancels jobs holds the machine.
    """
    if not is_sqlite():  # SQLite has one writer at a time.
        execute(_HOLD, machine=machine_id)


def keys_of(machine_id: str, names: Collection[str]) -> dict[str, UnitKey]:
    """The units with these names, by name."""
    listed = _EACH_NAME["sqlite" if is_sqlite() else "postgresql"]
    rows = execute(
        _KEYS.format(names=listed, now="{now}"), machine=machine_id, names=json.dumps(list(names))
    )
    return {row[1]: UnitKey(*row) for row in rows}


def key_of(machine_id: str, unit: str) -> UnitKey:
    """One unit.

    Raises:
        NotFound: The machine has no such unit.
    """
    found = keys_of(machine_id, [unit]).get(unit)
    if found is None:
        raise NotFound(f"{machine_id} has no unit '{unit}'", kind="unit")
    return found


def add(machine_id: str, began: Mapping[str, int], most: int) -> None:
    """Add units; call `hold` before.

    Args:
        machine_id: The machine.
        began: When the life of each began, ms since 1970, by name.
        most: How many units a machine may have.

    Raises:
        InvalidInput: There would be more.
    """
    if not began:
        return
    ((there,),) = execute("SELECT COUNT(*) FROM units WHERE machine_id = :m", m=machine_id)
    if there + len(began) > most:
        what = f"{machine_id} would have {there + len(began):,} units"
        advice = f"at most {most:,} are allowed; check the names, or raise FLEETFORGE_MAX_UNITS"
        raise InvalidInput("readings", [Problem("unit", what, advice)])
    for unit, began_at in began.items():
        level = UnitLevel.NO_FORECAST.value
        execute(_ADD, machine=machine_id, unit=unit, began_at=began_at, level=level)


_HOLD = f"SELECT pg_advisory_xact_lock({_LOCK}, hashtext(:machine))"

_EACH_NAME = {
    "sqlite": "SELECT value FROM json_each(:names)",
    "postgresql": "SELECT json_array_elements_text(CAST(:names AS json))",
}

_KEYS = """
SELECT id, unit, life, began_at, condition_at FROM units
WHERE machine_id = :machine AND unit IN ({names})
"""

_ADD = """
INSERT INTO units (machine_id, unit, life, began_at, seen_at, condition_at, level, created_at)
VALUES (:machine, :unit, 1, :began_at, 0, 0, :level, {now})
"""
