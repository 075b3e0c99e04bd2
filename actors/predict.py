"""ReadingsArrived, PredictionRequested → PredictionsMade: the conditions of units, and predictions.

The readings are no event's payload: `takes` hands what waits in the ledger to the job, and `keeps`
writes what it has found in the transaction that completes it. So a reading counts once, whichever
process dies.
"""

from __future__ import annotations

from actors.predicting.poison import states_without_poison
from actors.predicting.states import Batch, Row
from actors.stage import Job, stage
from events.telemetry import hold_units, keep_states, take_waiting
from events.vocabulary import PredictionRequested, PredictionsMade, ReadingsArrived
from storage.settings import load_settings
from storage.telemetry.unit_state import PassedOver
from storage.telemetry.waiting import Waiting


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
    waiting: Waiting = job.taken
    rows = [*waiting.rows, *_archived(job, waiting)]
    known = {row[0] for row in rows}
    units = [unit for unit in waiting.units if unit.id in known or unit.condition is not None]
    without = [
        PassedOver(unit.id, unit.life, unit.condition_at)
        for unit in waiting.units
        if unit.outdated and unit.id not in known
    ]
    if waiting.predictor is None or not units:
        job.keep((None, [], without))  # Readings may have come meanwhile.
        return PredictionsMade(machine_id=job.machine_id, rows=0, units=0)
    newest = {unit.id: unit.condition_at for unit in units}
    for unit_id, at, _ in rows:
        newest[unit_id] = max(at, newest[unit_id])
    path = job.input(waiting.predictor.key)
    kept_every_ms = 60_000 * load_settings().prediction_minutes
    batch = Batch(path, waiting.thresholds or "{}", rows, newest, waiting.repairs, kept_every_ms)
    poisoned: list[PassedOver] = []
    if waiting.has_failed:
        states, poisoned = states_without_poison(batch, units)
    else:
        states = batch.states(units)
    job.keep((waiting.predictor, states, without + poisoned))
    return PredictionsMade(
        machine_id=job.machine_id,
        rows=len(waiting.rows),
        units=len(states),
        passed_over=len(poisoned),
        version=waiting.predictor.version,
    )


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
