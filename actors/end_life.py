"""FailureHappened, MaintenanceDone → LifeEnded: the readings of a life as a file."""

from __future__ import annotations

from actors.stage import Job, stage
from events.lives import keep_life, take_life
from events.vocabulary import FailureHappened, LifeEnded, MaintenanceDone
from GAN import layout
from GAN.datasets.life_file import LifeOfUnit, write_life
from storage.telemetry.lives import EndedBy, LifeRows


@stage(queue="telemetry", channel="gan:life", takes=take_life, keeps=keep_life)
def end_life(event: FailureHappened | MaintenanceDone, job: Job) -> LifeEnded:
    """Write the file; a life without readings has none."""
    ended: LifeRows = job.taken
    key = None
    if ended.rows:
        key = layout.life_key(job.machine_id, event.unit, event.life)
        life = LifeOfUnit(
            unit=event.unit,
            life=event.life,
            began_at=ended.began_at,
            ended_at=ended.ended_at,
            failed=ended.ended_by is EndedBy.FAILURE,
            failure_mode=ended.failure_mode,
            rows=ended.rows,
        )
        write_life(job.profile, life, job.workspace / key)
        job.keep((ended.life_id, key))
    return LifeEnded(
        machine_id=job.machine_id,
        unit=event.unit,
        life=event.life,
        at=event.at,
        key=key,
        rows=len(ended.rows),
    )
