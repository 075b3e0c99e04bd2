"""The ends of lives: a unit that failed or was replaced begins a new life."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from errors import Conflict
from storage.artifacts.registry import PublishedFile
from storage.database import execute, reading
from storage.status import UnitLevel
from storage.telemetry import alerts, archives, units
from storage.telemetry.alerts import AlertChange

#: Rows of the file of a life; of a longer one, the newest.
MOST_ROWS = 1_000_000


class EndedBy(StrEnum):
    """What ended a life. After maintenance it is not known how long the unit would have lived."""

    FAILURE = "failure"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True)
class Ending:
    """The end of a life.

    Attributes:
        at: When it ended, ms since 1970.
        mode: The failure mode, if it is known.
        note: What people have written about it.
    """

    machine_id: str
    unit: str
    at: int
    by: EndedBy
    mode: str | None = None
    note: str = ""


@dataclass(frozen=True)
class EndedLife:
    """A life that has ended.

    Attributes:
        changes: The alert that this cleared, if there was one.
    """

    life: int
    changes: list[AlertChange]


@dataclass(frozen=True)
class LifeRows:
    """The readings of a life.

    Attributes:
        first: Readings at this time or later are in its file, ms since 1970: those after its
            newest repair.
        rows: Time (ms) and figures, by time, of readings that are in the ledger.
        files: Files with readings of that time, of all units of the machine.
    """

    life_id: int
    first: int
    began_at: int
    ended_at: int
    ended_by: EndedBy
    failure_mode: str | None
    rows: list[tuple[int, bytes]]
    files: list[PublishedFile]


def end(ending: Ending) -> EndedLife:
    """End the life of a unit and begin the next one; call inside a transaction.

    Readings after the end belong to the new life, and wait again.

    Raises:
        NotFound: The machine has no such unit.
        Conflict: Its life began later, so this one is over or had not begun.
    """
    units.hold(ending.machine_id)
    unit = units.key_of(ending.machine_id, ending.unit)
    if ending.at <= unit.began_at:
        raise Conflict(
            f"life {unit.life} of unit '{ending.unit}' began later than that; "
            "was this end reported before?"
        )
    facts = {"unit": unit.id, "life": unit.life, "at": ending.at}
    execute(
        _END,
        machine=ending.machine_id,
        began_at=unit.began_at,
        by=ending.by.value,
        mode=ending.mode,
        note=ending.note,
        **facts,
    )
    execute(_BEGIN, level=UnitLevel.NO_FORECAST.value, **facts)
    return EndedLife(unit.life, alerts.clear(unit.id, unit.unit, ending.by.value, ending.at))


def rows_of(machine_id: str, unit: str, life: int) -> LifeRows:
    """The readings of a life that has ended."""
    with reading():
        ((life_id, unit_id, began_at, ended_at, by, mode),) = execute(
            _LIFE, machine=machine_id, unit=unit, life=life
        )
        # A reading at the very end of a life belongs to that life, and one at a repair comes before
        # it. What a unit showed before a repair says nothing about how it failed.
        ((repaired_at,),) = execute(_REPAIRED, unit=unit_id, life=life)
        first = began_at if life == 1 else began_at + 1
        first = first if repaired_at is None else repaired_at + 1
        found = execute(_ROWS, unit=unit_id, began=first, ended=ended_at, most=MOST_ROWS)
    rows = [(at, bytes(figures)) for at, figures in reversed(found)]
    files = archives.files(machine_id, first, ended_at)
    return LifeRows(life_id, first, began_at, ended_at, EndedBy(by), mode, rows, files)


def record_file(life_id: int, key: str) -> None:
    """Record the file of a life; call inside the transaction that adds the file."""
    execute("UPDATE lives SET key = :key WHERE id = :id", id=life_id, key=key)


_END = """
INSERT INTO lives (machine_id, unit_id, life, began_at, ended_at, ended_by, failure_mode, note,
    created_at)
VALUES (:machine, :unit, :life, :began_at, :at, :by, :mode, :note, {now})
"""

# If readings after the end were used, those that follow are computed from all of them.
_BEGIN = """
UPDATE units SET life = life + 1, began_at = :at, condition_at = :at, condition = NULL,
    condition_basis = CASE WHEN condition_at > :at THEN 'none' END, latest = NULL,
    predicted_at = NULL, kept_at = NULL, predictor_version = NULL,
    level = :level, level_since = :at, calm_since = NULL, rul_hours = NULL
WHERE id = :unit AND life = :life
"""

_LIFE = """
SELECT lives.id, lives.unit_id, lives.began_at, lives.ended_at, lives.ended_by, lives.failure_mode
FROM lives JOIN units ON units.id = lives.unit_id
WHERE units.machine_id = :machine AND units.unit = :unit AND lives.life = :life
"""

_REPAIRED = "SELECT MAX(at) FROM repairs WHERE unit_id = :unit AND life = :life"

_ROWS = """
SELECT at, figures FROM readings WHERE unit_id = :unit AND at >= :began AND at <= :ended
ORDER BY at DESC LIMIT :most
"""
