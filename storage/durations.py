"""How long stages take: what earlier runs took, and what is left of a job."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import Any

from storage.database import execute

#: So many of a stage's latest runs are looked at.
MOST_RUNS = 200


def earlier_runs(stage: str) -> list[int]:
    """What the latest runs of a stage took, shortest first, ms; call inside `reading`."""
    rows = execute(_EARLIER_RUNS, stage=stage, most=MOST_RUNS)
    return sorted(ran for (ran,) in rows)


def seconds_left(job: Mapping[str, Any], now: int) -> float | None:
    """When a job that runs should be done, seconds from now; None if nobody can say.

    It goes by its own progress and, before there is any, by the median of earlier runs.

    Args:
        job: As `standing.job` gives it; call inside `reading`.
        now: The database's clock, ms.
    """
    if job["status"] != "running":
        return None
    ran: int = now - job["started_at"]
    if job["progress"]:
        left: float = ran * (100 - job["progress"]) / job["progress"]
    elif runs := earlier_runs(job["stage"]):
        left = median(runs) - ran
    else:
        return None
    return max(0.0, left / 1000)


_EARLIER_RUNS = """
SELECT completed_at - started_at FROM jobs
WHERE stage = :stage AND status = 'success'
ORDER BY completed_at DESC LIMIT :most
"""
