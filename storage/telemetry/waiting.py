"""Readings that wait for a prediction: what a job takes with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from storage.artifacts.registry import PublishedFile
from storage.database import execute, reading
from storage.telemetry import archives, repairs
from storage.telemetry.repairs import PastRepair
from storage.telemetry.units import CONDITION_CHAIN

#: Rows that one job takes; more wait for the next one.
MOST_ROWS = 50_000
#: Units that one job takes.
MOST_UNITS = 20_000

#: Units whose figures one job computes anew: as many as have so many rows in the ledger and so many
#: hours of life, of which a part is in files; at least one. At a reading a minute, 20,000 hours are
#: a million rows.
_ANEW_ROWS, _ANEW_HOURS = 200_000, 20_000

#: After a prediction that failed for good, readings ask for the next one so much later.
PAUSE_MINUTES = 10

_MS_PER_HOUR = 3_600_000
#: Later than any time of the ledger, ms.
_NEVER = 2**53


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
        seen_at: Time of its newest reading.
        condition: Its running figures; None if there are none, or if they are outdated.
        basis: What its figures depend on, as the ledger has it.
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
    seen_at: int
    condition: bytes | None
    basis: str | None
    outdated: bool
    kept_at: int | None
    level: str
    calm_since: float | None
    cause: str

    @property
    def first(self) -> int:
        """Readings at this time or later belong to its life, ms since 1970.

        A reading at the very end of a life belongs to that life.
        """
        return self.began_at if self.life == 1 else self.began_at + 1


@dataclass(frozen=True)
class Waiting:
    """What a job works on.

    Attributes:
        predictor: None if the machine has none yet.
        thresholds: The machine's own thresholds, JSON; None: the defaults.
        rows: Unit id, time (ms) and figures of each reading.
        files: Files with earlier readings of units whose figures are computed anew.
        repairs: Repairs that the conditions of the units do not include yet, the oldest first.
        has_failed: Whether an earlier attempt at the job has failed.
    """

    predictor: LivePredictor | None
    thresholds: str | None
    units: list[WaitingUnit]
    rows: list[tuple[int, int, bytes]]
    files: list[PublishedFile] = field(default_factory=list)
    repairs: list[PastRepair] = field(default_factory=list)
    has_failed: bool = False


def take(machine_id: str, *, every_unit: bool = False) -> Waiting:
    """The units of a machine with work: those that wait longest first.

    These are units with readings that wait, and units whose figures are outdated, a few at a time.

    Args:
        machine_id: The machine.
        every_unit: Also the units without such work.
    """
    with reading():
        predictor = live_predictor(machine_id)
        ((thresholds,),) = execute(_THRESHOLDS, machine=machine_id)
        if predictor is None:
            return Waiting(None, thresholds, [], [])
        which = _EVERY_UNIT if every_unit else _WAITING_UNITS
        current = _units(which, machine_id)
        rows = _rows(_ROWS, machine=machine_id, most=MOST_ROWS)
        outdated = _few(_units(_OUTDATED_UNITS, machine_id))
        for unit in outdated:
            rows += _rows(_ROWS_OF_LIFE, unit=unit.id, first=unit.first)
        files = _files(machine_id, outdated)
        repaired = repairs.of_current_lives(machine_id)
    with_rows = {row[0] for row in rows}
    known = [u for u in current if u.id in with_rows or (every_unit and u.condition is not None)]
    taken = [*known, *outdated]
    # No repair before this time has an effect any more.
    since = {unit.id: unit.condition_at if unit.condition else 0 for unit in taken}
    return Waiting(
        predictor,
        thresholds,
        taken,
        [row for row in rows if row[0] in since],
        files,
        [each for each in repaired if each.at >= since.get(each.unit_id, _NEVER)],
    )


def _units(statement: str, machine_id: str) -> list[WaitingUnit]:
    return [_unit(row) for row in execute(statement, machine=machine_id, most=MOST_UNITS)]


def _rows(statement: str, **parameters: Any) -> list[tuple[int, int, bytes]]:
    found = execute(statement, **parameters)
    return [(unit_id, at, bytes(figures)) for unit_id, at, figures in found]


def _few(outdated: list[WaitingUnit]) -> list[WaitingUnit]:
    """As many outdated units as one job computes anew."""
    chosen: list[WaitingUnit] = []
    rows, hours = 0, 0.0
    for unit in outdated:
        ((count,),) = execute(_COUNT, unit=unit.id, first=unit.first)
        rows += count
        hours += (unit.seen_at - unit.began_at) / _MS_PER_HOUR
        if chosen and (rows > _ANEW_ROWS or hours > _ANEW_HOURS):
            break
        chosen.append(unit)
    return chosen


def _files(machine_id: str, outdated: list[WaitingUnit]) -> list[PublishedFile]:
    if not outdated:
        return []
    began_at = min(unit.began_at for unit in outdated)
    return archives.files(machine_id, began_at, max(unit.seen_at for unit in outdated))


def _unit(row: tuple[Any, ...]) -> WaitingUnit:
    cells: list[Any] = [bytes(cell) if isinstance(cell, memoryview) else cell for cell in row]
    return WaitingUnit(*cells)


def live_predictor(machine_id: str) -> LivePredictor | None:
    """The version that predicts; None if there is none."""
    rows = execute(_LIVE, machine=machine_id)
    return LivePredictor(*rows[0]) if rows else None


def waits(machine_id: str) -> bool:
    """Whether a machine has readings that its predictor can use, or figures that are outdated."""
    return bool(execute(_WAITS, machine=machine_id))


def can_predict(machine_id: str) -> bool:
    """Whether a machine has units and a predictor."""
    return bool(execute(_CAN_PREDICT, machine=machine_id))


def has_open_job(machine_id: str) -> bool:
    """Whether a job of the machine will take what waits, or has yet to end."""
    return bool(execute(_OPEN_JOB, machine=machine_id, chain=CONDITION_CHAIN))


def has_just_failed(machine_id: str) -> bool:
    """Whether the machine's predictions have failed a short while ago: they would fail again."""
    return bool(
        execute(
            _JUST_FAILED, machine=machine_id, chain=CONDITION_CHAIN, pause=PAUSE_MINUTES * 60_000
        )
    )


_LIVE = "SELECT id, version, key FROM predictors WHERE machine_id = :machine AND live"

_THRESHOLDS = "SELECT thresholds FROM machines WHERE machine_id = :machine"

# Whether figures were computed for a predictor with other time steps or regimes. A predictor that
# an older version has trained has no basis until it has predicted.
_OUTDATED = """
EXISTS (
    SELECT 1 FROM predictors
    WHERE predictors.machine_id = units.machine_id AND live AND units.condition_basis IS NOT NULL
        AND CASE WHEN predictors.condition_basis IS NULL
            THEN COALESCE(units.predictor_version <> predictors.version, FALSE)
            ELSE units.condition_basis <> predictors.condition_basis END
)
"""

_UNITS = f"""
SELECT id, unit, life, began_at, condition_at, seen_at,
    CASE WHEN {_OUTDATED} THEN NULL ELSE condition END, condition_basis, {_OUTDATED},
    kept_at, level, calm_since,
    COALESCE((SELECT cause FROM alerts WHERE unit_id = units.id AND cleared_at IS NULL), '')
FROM units WHERE machine_id = :machine AND {{which}}
ORDER BY condition_at, id LIMIT :most
"""

_EVERY_UNIT = _UNITS.replace("{which}", f"NOT {_OUTDATED}")
_WAITING_UNITS = _UNITS.replace("{which}", f"seen_at > condition_at AND NOT {_OUTDATED}")
_OUTDATED_UNITS = _UNITS.replace("{which}", _OUTDATED)

_ROWS = f"""
SELECT readings.unit_id, readings.at, readings.figures
FROM units JOIN readings ON readings.unit_id = units.id AND readings.at > units.condition_at
WHERE units.machine_id = :machine AND units.seen_at > units.condition_at AND NOT {_OUTDATED}
ORDER BY units.condition_at, units.id, readings.at LIMIT :most
"""

_ROWS_OF_LIFE = """
SELECT unit_id, at, figures FROM readings WHERE unit_id = :unit AND at >= :first ORDER BY at
"""

_COUNT = "SELECT COUNT(*) FROM readings WHERE unit_id = :unit AND at >= :first"

_CAN_PREDICT = """
SELECT 1 FROM units
WHERE machine_id = :machine
    AND EXISTS (SELECT 1 FROM predictors WHERE predictors.machine_id = :machine AND live)
LIMIT 1
"""

_WAITS = _CAN_PREDICT.replace(
    "LIMIT 1",
    f"""AND (seen_at > condition_at AND EXISTS (
        SELECT 1 FROM readings WHERE unit_id = units.id AND at > units.condition_at
    ) OR {_OUTDATED})
LIMIT 1""",
)

_JUST_FAILED = """
SELECT 1 FROM chain_status JOIN jobs ON jobs.id = chain_status.job_id
WHERE chain_status.machine_id = :machine AND chain_status.chain = :chain
    AND chain_status.status = 'failed' AND jobs.completed_at > {now} - :pause
"""

_OPEN_JOB = """
SELECT 1 FROM jobs
WHERE machine_id = :machine AND chain = :chain AND status IN ('pending', 'running') LIMIT 1
"""
