"""FailureHappened, MaintenanceDone → LifeEnded: the readings of a life as a file."""

from __future__ import annotations

from actors.stage import Job, stage
from events.lives import keep_life, take_life
from events.telemetry import hold_units
from events.vocabulary import FailureHappened, LifeEnded, MaintenanceDone
from GAN import layout
from GAN.datasets.life_file import LifeOfUnit, write_life
from GAN.datasets.readings_file import read_readings
from storage.telemetry.lives import MOST_ROWS, EndedBy, LifeRows


@stage(queue="telemetry", channel="gan:life", takes=take_life, keeps=keep_life, locks=hold_units)
def end_life(event: FailureHappened | MaintenanceDone, job: Job) -> LifeEnded:
    """Write the file; a life without readings has none."""
    ended: LifeRows = job.taken
    archived = [
        (row.at, row.figures)
        for file in ended.files
        for row in read_readings(
            job.profile,
            job.store.fetch(file.staged_key, file.sha256),
            [event.unit],
            ended.first,
            ended.ended_at,
        )
    ]
    # A row that is moved meanwhile may be in both.
    rows = sorted({*archived, *ended.rows})[-MOST_ROWS:]
    key = None
    if rows:
        key = layout.life_key(job.machine_id, event.unit, event.life)
        life = LifeOfUnit(
            unit=event.unit,
            life=event.life,
            began_at=ended.began_at,
            ended_at=ended.ended_at,
            failed=ended.ended_by is EndedBy.FAILURE,
            failure_mode=ended.failure_mode,
            rows=rows,
        )
        write_life(job.profile, life, job.workspace / key)
        job.keep((ended.life_id, key))
    return LifeEnded(
        machine_id=job.machine_id,
        unit=event.unit,
        life=event.life,
        at=event.at,
        key=key,
        rows=len(rows),
    )
