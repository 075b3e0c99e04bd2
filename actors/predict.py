"""ReadingsArrived, PredictionRequested → PredictionsMade: the conditions of units, and predictions.

The readings are no event's payload: `takes` hands what waits in the ledger to the job, and `keeps`
writes what it has found in the transaction that completes it. So a reading counts once, whichever
process dies.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from actors.stage import Job, stage
from events.telemetry import hold_units, keep_states, take_waiting
from events.vocabulary import PredictionRequested, PredictionsMade, ReadingsArrived
from storage.status import UnitLevel
from storage.telemetry.unit_state import NewState
from storage.telemetry.waiting import Waiting, WaitingUnit

if TYPE_CHECKING:
    from GAN.prognosis.predictor import Predictor
    from GAN.prognosis.readings import Readings
    from GAN.prognosis.tracking import TrackedUnit

#: Unit id, time (ms) and figures of a reading.
Row = tuple[int, int, bytes]

_MS_PER_HOUR = 3_600_000

#: How often a prediction is kept if the level of its unit does not change, ms of readings.
KEPT_EVERY_MS = 300_000

#: Predictors that a process keeps in memory, of a few MB each.
_MOST_LOADED = 40


@stage(
    queue="telemetry",
    channel="gan:prediction",
    takes=take_waiting,
    keeps=keep_states,
    locks=hold_units,
)
def predict(
    event: ReadingsArrived | PredictionRequested,  # noqa: ARG001  # its type is the wiring
    job: Job,
) -> PredictionsMade:
    """Update the conditions of units by the readings that wait, and predict them."""
    from GAN.config.thresholds import Thresholds
    from GAN.prognosis.tracking import condition_basis, track

    waiting: Waiting = job.taken
    rows = [*waiting.rows, *_archived(job, waiting)]
    known = {row[0] for row in rows}
    units = [unit for unit in waiting.units if unit.id in known or unit.condition is not None]
    without = [unit.id for unit in waiting.units if unit.outdated and unit.id not in known]
    if waiting.predictor is None or not units:
        job.keep((None, [], without))  # Readings may have come meanwhile.
        return PredictionsMade(machine_id=job.machine_id, rows=0, units=0)
    predictor = _predictor(job.input(waiting.predictor.key))
    thresholds = Thresholds.model_validate_json(waiting.thresholds or "{}")
    readings = _readings(rows, units, len(predictor.sensors.names))
    newest = {unit.id: unit.condition_at for unit in units}
    for unit_id, at, _ in rows:
        newest[unit_id] = max(at, newest[unit_id])
    tracked = [_tracked(unit, newest[unit.id]) for unit in units]
    answers = track(predictor, tracked, readings, thresholds)
    basis = condition_basis(predictor)
    states = [
        NewState(
            unit_id=unit.id,
            unit=unit.unit,
            life=unit.life,
            condition_was=unit.condition_at,
            basis_was=unit.basis,
            condition_at=newest[unit.id],
            condition=answer.condition,
            condition_basis=basis,
            latest=answer.prediction.as_text(),
            rul_hours=answer.prediction.rul_hours,
            kept=answer.prediction.as_json() if answer.explained else None,
            level=_level(answer.level.level, predictor),
            level_was=UnitLevel(unit.level),
            calm_since=answer.level.calm_since,
            cause=answer.level.cause,
        )
        for unit, answer in zip(units, answers, strict=True)
    ]
    job.keep((waiting.predictor, states, without))
    return PredictionsMade(
        machine_id=job.machine_id,
        rows=len(waiting.rows),
        units=len(units),
        version=waiting.predictor.version,
    )


@lru_cache(_MOST_LOADED)
def _predictor(path: Path) -> Predictor:
    """A predictor; `Job.input` has checked that the file is the ledger's."""
    from GAN.prognosis import predictor_file

    return predictor_file.load(path)


def _level(level: int, predictor: Predictor) -> UnitLevel:
    from GAN.prognosis.levels import LEVELS

    return UnitLevel.NO_FORECAST if predictor.no_forecast else UnitLevel(LEVELS[level])


def _tracked(unit: WaitingUnit, newest: int) -> TrackedUnit:
    from GAN.prognosis.levels import LEVELS, LevelState
    from GAN.prognosis.tracking import TrackedUnit

    level = LEVELS.index(unit.level) if unit.level in LEVELS else 0
    state = LevelState(level, unit.calm_since, unit.cause)
    due = unit.kept_at is None or newest - unit.kept_at >= KEPT_EVERY_MS
    return TrackedUnit(unit.unit, unit.condition, state, explained=due)


def _archived(job: Job, waiting: Waiting) -> list[Row]:
    """Rows in files of units whose figures are computed anew."""
    from GAN.datasets.readings_file import read_readings

    outdated = {unit.unit: unit for unit in waiting.units if unit.outdated}
    found = []
    for file in waiting.files:
        path = job.store.fetch(file.staged_key, file.sha256)
        first = min(unit.first for unit in outdated.values())
        until = max(unit.seen_at for unit in outdated.values())
        for row in read_readings(job.profile, path, outdated, first, until):
            unit = outdated[row.unit]
            if row.at >= unit.first:
                found.append((unit.id, row.at, row.figures))
    return found


def _readings(rows: list[Row], units: list[WaitingUnit], sensors: int) -> Readings:
    import numpy as np

    from GAN.prognosis.readings import Readings

    index = {unit.id: number for number, unit in enumerate(units)}
    began = np.array([unit.began_at for unit in units], dtype=np.float64)
    unit = np.array([index[row[0]] for row in rows], dtype=np.intp)
    at = np.array([row[1] for row in rows], dtype=np.float64)
    values = np.frombuffer(b"".join(row[2] for row in rows), dtype="<f8")
    order = np.lexsort((at, unit))
    return Readings(
        tuple(each.unit for each in units),
        unit[order],
        ((at - began[unit]) / _MS_PER_HOUR)[order],
        values.reshape(-1, sensors)[order],
    )
