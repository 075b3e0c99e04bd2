"""Repairs: what some sensors of a unit measure is as good as new, and its life goes on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from errors import Conflict
from storage.database import execute
from storage.status import UnitLevel
from storage.telemetry import alerts, units
from storage.telemetry.alerts import AlertChange


@dataclass(frozen=True)
class Repair:
    """A repair of a unit.

    Attributes:
        at: When it was done, ms since 1970.
        sensors: The sensors that measure what was repaired.
        note: What people have written about it.
    """

    machine_id: str
    unit: str
    at: int
    sensors: Sequence[str]
    note: str = ""


@dataclass(frozen=True)
class RepairedUnit:
    """What a repair has changed.

    Attributes:
        life: The life that goes on.
        changes: The alert that it cleared, if there was one.
    """

    life: int
    changes: list[AlertChange]


class PastRepair(NamedTuple):
    """A repair that conditions depend on.

    Attributes:
        at: ms since 1970. Readings after it, not at it, are of the repaired unit.
    """

    unit_id: int
    at: int
    sensors: tuple[str, ...]


def add(repair: Repair, who: str) -> RepairedUnit:
    """Record a repair; call inside a transaction.

    The unit has no forecast until its next reading. If there are later readings already, its
    condition is computed anew.

    Args:
        repair: The repair.
        who: Who reports it.

    Raises:
        NotFound: The machine has no such unit.
        Conflict: Its life began later, or a repair at that time was reported before.
    """
    units.hold(repair.machine_id)
    unit = units.key_of(repair.machine_id, repair.unit)
    if repair.at < unit.began_at:
        raise Conflict(f"life {unit.life} of unit '{repair.unit}' began later than that")
    facts = {"unit": unit.id, "at": repair.at}
    sensors = json.dumps(list(repair.sensors))
    if not execute(_ADD, life=unit.life, sensors=sensors, note=repair.note, who=who, **facts):
        raise Conflict(f"a repair of unit '{repair.unit}' at that time was reported before")
    execute(_BEGIN_ANEW, level=UnitLevel.NO_FORECAST.value, **facts)
    return RepairedUnit(unit.life, alerts.clear(unit.id, unit.unit, "maintenance", repair.at))


def of_current_lives(machine_id: str) -> list[PastRepair]:
    """The repairs of the units of a machine in their current lives, the oldest first."""
    rows = execute(_OF_CURRENT_LIVES, machine=machine_id)
    return [PastRepair(unit_id, at, tuple(json.loads(sensors))) for unit_id, at, sensors in rows]


_ADD = """
INSERT INTO repairs (unit_id, life, at, sensors, note, who, created_at)
VALUES (:unit, :life, :at, :sensors, :note, :who, {now})
ON CONFLICT (unit_id, at) DO NOTHING
RETURNING id
"""

# A job that runs may have used later readings. With another basis, it does not keep what it found.
_BEGIN_ANEW = """
UPDATE units SET
    condition_basis = CASE WHEN seen_at > :at THEN 'none' ELSE condition_basis END,
    latest = NULL, predicted_at = NULL, kept_at = NULL,
    predictor_version = NULL, level = :level, level_since = :at, calm_since = NULL, rul_hours = NULL
WHERE id = :unit
"""

_OF_CURRENT_LIVES = """
SELECT repairs.unit_id, repairs.at, repairs.sensors FROM repairs
JOIN units ON units.id = repairs.unit_id AND units.life = repairs.life
WHERE units.machine_id = :machine
ORDER BY repairs.at
"""
