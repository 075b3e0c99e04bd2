"""Durations of stages: those of earlier runs, and the estimated rest of a running job."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from storage.database import execute
from storage.queries.jobs import JobRow
from storage.status import JobStatus

#: How many of a stage's latest runs are used.
MOST_RUNS = 200


def earlier_runs(stage: str) -> list[int]:
    """Durations of a stage's latest runs, shortest first, ms; call inside `reading`."""
    rows = execute(_EARLIER_RUNS, stage=stage, most=MOST_RUNS)
    return sorted(ran for (ran,) in rows)


def seconds_left(job: JobRow, now: int) -> float | None:
    """Seconds until a running job ends if it takes as long as earlier ones; None if not known.

    Earlier ones are those of its stage, for a training scaled to its epochs. If the job has run
    longer than they did, there is no estimate. The job's own progress is not used: one that slows
    down would have an estimate that grows.

    Args:
        job: The job; call inside `reading`.
        now: The database's clock, ms.
    """
    if job.status is not JobStatus.RUNNING or job.started_at is None:
        return None
    ran = now - job.started_at
    runs = runs_like(job.id, job.stage)
    left = median(runs) - ran if runs else 0
    return left / 1000 if left > 0 else None


def runs_like(job_id: int, stage: str) -> Sequence[float]:
    """Durations of earlier runs, ms; of trainings scaled to the epochs of this one.

    Args:
        job_id: The job that they are compared with; call inside `reading`.
        stage: Its stage.
    """
    return _trainings_like(job_id) or earlier_runs(stage)


def _trainings_like(job_id: int) -> list[float]:
    """Durations of the latest trainings, scaled to the epochs of this one, ms."""
    return [float(took) for (took,) in execute(_TRAININGS, job=job_id, most=MOST_RUNS)]


_EARLIER_RUNS = """
SELECT completed_at - started_at FROM jobs
WHERE stage = :stage AND status = 'success'
ORDER BY completed_at DESC LIMIT :most
"""

_TRAININGS = """
SELECT 1.0 * (done.completed_at - done.started_at) / done.epochs * this.epochs
FROM gan_training_jobs AS done JOIN gan_training_jobs AS this ON this.task_id = :job
WHERE done.status = 'success' AND done.epochs > 0 AND this.epochs > 0
ORDER BY done.completed_at DESC LIMIT :most
"""
