"""Readings that wait for a prediction: what a job takes with it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from storage.artifacts.registry import PublishedFile
from storage.database import execute, reading
from storage.telemetry import archives
from storage.telemetry.units import CONDITION_CHAIN

#: Rows that one job takes; more wait for the next one.
MOST_ROWS = 50_000
#: Units that one job takes.
MOST_UNITS = 20_000


@dataclass(frozen=True, slots=True)
class LivePredictor:
    """The version of a machine's predictor that predicts.

    Attributes:
        key: Key of its file.
    """

    id: int
    version: int
    key: str


@dataclass(frozen=True, slots=True)
class WaitingUnit:
    """A unit and what is known of it.

    Attributes:
        condition_at: Time of the newest reading that its condition includes, ms; 0 without one.
        condition: Its running figures; None if there are none, or if they are outdated.
        outdated: Whether its figures depend on something that the predictor does not. Then all
            readings of its life are taken.
        kept_at: Time of the reading of its newest prediction that is kept; None without one.
        level: A `UnitLevel`.
        calm_since: Hours in service since which what raised the level is gone.
        cause: What the level comes from; empty without an open alert.
    """

    id: int
    unit: str
    life: int
    began_at: int
    condition_at: int
    condition: bytes | None
    outdated: bool
    kept_at: int | None
    level: str
    calm_since: float | None
    cause: str


@dataclass(frozen=True)
class Waiting:
    """What a job works on.

    Attributes:
        predictor: None if the machine has none yet.
        thresholds: The machine's own thresholds, JSON; None: the defaults.
        rows: Unit id, time (ms) and figures of each reading, by unit and time.
        files: Files with earlier readings of units whose figures are computed anew.
    """

    predictor: LivePredictor | None
    thresholds: str | None
    units: list[WaitingUnit]
    rows: list[tuple[int, int, bytes]]
    files: list[PublishedFile] = field(default_factory=list)


def take(machine_id: str, *, every_unit: bool = False) -> Waiting:
    """The units of a machine with readings that wait, those that wait longest first.

    Args:
        machine_id: The machine.
        every_unit: Also the units without such readings.
    """
    with reading():
        predictor = live_predictor(machine_id)
        ((thresholds,),) = execute(_THRESHOLDS, machine=machine_id)
        if predictor is None:
            return Waiting(None, thresholds, [], [])
        which_units, which_rows = (
            (_EVERY_UNIT, _ROWS_OF_EVERY_UNIT) if every_unit else (_WAITING_UNITS, _ROWS)
        )
        units = [_unit(row) for row in execute(which_units, machine=machine_id, most=MOST_UNITS)]
        rows = [
            (unit_id, at, bytes(figures))
            for unit_id, at, figures in execute(which_rows, machine=machine_id, most=MOST_ROWS)
        ]
    known, with_rows = {unit.id for unit in units}, {row[0] for row in rows}
    found = Waiting(
        predictor,
        thresholds,
        [
            u
            for u in units
            if u.id in with_rows or (every_unit and (u.outdated or u.condition is not None))
        ],
        [row for row in rows if row[0] in known],
    )
    outdated = [unit for unit in found.units if unit.outdated]
    if not outdated:
        return found
    began_at = min(unit.began_at for unit in outdated)
    until = max(unit.condition_at for unit in outdated)
    return replace(found, files=archives.files(machine_id, began_at, until))


def _unit(row: tuple[Any, ...]) -> WaitingUnit:
    cells: list[Any] = [bytes(cell) if isinstance(cell, memoryview) else cell for cell in row]
    return WaitingUnit(*cells)


def live_predictor(machine_id: str) -> LivePredictor | None:
    """The version that predicts; None if there is none."""
    rows = execute(_LIVE, machine=machine_id)
    return LivePredictor(*rows[0]) if rows else None


def waits(machine_id: str) -> bool:
    """Whether readings of a machine wait that its predictor can use."""
    return bool(execute(_WAITS, machine=machine_id))


def can_predict(machine_id: str) -> bool:
    """Whether a machine has units and a predictor."""
    return bool(execute(_CAN_PREDICT, machine=machine_id))


def has_open_job(machine_id: str) -> bool:
    """Whether a job of the machine will take what waits, or has yet to end."""
    return bool(execute(_OPEN_JOB, machine=machine_id, chain=CONDITION_CHAIN))


_LIVE = "SELECT id, version, key FROM predictors WHERE machine_id = :machine AND live"

_THRESHOLDS = "SELECT thresholds FROM machines WHERE machine_id = :machine"

# Whether figures were computed for a predictor with other time steps or regimes.
_OUTDATED = """
COALESCE(units.condition_basis <> (
    SELECT condition_basis FROM predictors WHERE predictors.machine_id = :machine AND live
), FALSE)
"""

_EVERY_UNIT = f"""
SELECT id, unit, life, began_at, condition_at, CASE WHEN {_OUTDATED} THEN NULL ELSE condition END,
    {_OUTDATED}, kept_at, level, calm_since,
    COALESCE((SELECT cause FROM alerts WHERE unit_id = units.id AND cleared_at IS NULL), '')
FROM units WHERE machine_id = :machine AND began_at IS NOT NULL
ORDER BY condition_at, id LIMIT :most
"""

_WAITING_UNITS = _EVERY_UNIT.replace("ORDER BY", "AND seen_at > condition_at ORDER BY")

_ROWS_OF_EVERY_UNIT = f"""
SELECT readings.unit_id, readings.at, readings.figures
FROM units JOIN readings ON readings.unit_id = units.id AND readings.at > (
    CASE WHEN {_OUTDATED} THEN units.began_at - 1 ELSE units.condition_at END
)
WHERE units.machine_id = :machine AND (units.seen_at > units.condition_at OR {_OUTDATED})
ORDER BY units.condition_at, units.id, readings.at LIMIT :most
"""

_ROWS = _ROWS_OF_EVERY_UNIT.replace(f" OR {_OUTDATED}", "")

_CAN_PREDICT = """
SELECT 1 FROM units
WHERE machine_id = :machine
    AND EXISTS (SELECT 1 FROM predictors WHERE predictors.machine_id = :machine AND live)
LIMIT 1
"""

_WAITS = _CAN_PREDICT.replace(
    "LIMIT 1",
    """AND seen_at > condition_at AND EXISTS (
        SELECT 1 FROM readings WHERE unit_id = units.id AND at > units.condition_at
    )
LIMIT 1""",
)

_OPEN_JOB = """
SELECT 1 FROM jobs
WHERE machine_id = :machine AND chain = :chain AND status IN ('pending', 'running') LIMIT 1
"""
