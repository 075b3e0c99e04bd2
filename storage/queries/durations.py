"""How long stages take: what earlier runs took, and what is left of a job."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import Any

from storage.database import execute
from storage.ledger.projections import TRAINING_STAGE

#: So many of a stage's latest runs are looked at.
MOST_RUNS = 200


def earlier_runs(stage: str) -> list[int]:
    """What the latest runs of a stage took, shortest first, ms; call inside `reading`."""
    rows = execute(_EARLIER_RUNS, stage=stage, most=MOST_RUNS)
    return sorted(ran for (ran,) in rows)


def seconds_left(job: Mapping[str, Any], now: int) -> float | None:
    """When a job that runs should be done, seconds from now; None if nobody can say.

    It goes by its own progress and, before there is any, by the median of earlier runs; a training
    by what they would have taken for its epochs. Nobody can say once it has run for longer.

    Args:
        job: As `standing.job` gives it; call inside `reading`.
        now: The database's clock, ms.
    """
    if job["status"] != "running":
        return None
    ran: int = now - job["started_at"]
    if job["progress"]:
        progress: int = job["progress"]
        return ran * (100 - progress) / progress / 1000
    runs = (
        _trainings_like(job["id"]) if job["stage"] == TRAINING_STAGE else earlier_runs(job["stage"])
    )
    left = median(runs) - ran if runs else 0
    return left / 1000 if left > 0 else None


def _trainings_like(job_id: int) -> list[float]:
    """What the latest trainings would have taken for the epochs of this one, ms."""
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
