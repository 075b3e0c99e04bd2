"""Overdue jobs: jobs that take much longer than earlier runs of their stage, so may be stuck."""

from __future__ import annotations

from dataclasses import dataclass

from storage.database import execute, reading, transaction
from storage.ledger.event_log import NewEvent, Written, append
from storage.queries.durations import earlier_runs

#: Earlier runs of a stage that are needed to judge what is usual.
FEWEST_RUNS = 5
#: No job is overdue before, however quick its stage usually is; a rescue takes half of it.
SHORTEST_SECONDS = 60.0


@dataclass(frozen=True)
class Overdue:
    """An open job that should have ended by now.

    Attributes:
        waited_ms: How long it has run, or could have run.
        expected_ms: Limit that it has exceeded, from earlier runs.
    """

    job_id: int
    token: int
    machine_id: str
    stage: str
    status: str
    event_id: int
    correlation_id: str
    chain: str
    waited_ms: int
    expected_ms: int


def find(factor: float, shortest_seconds: float = SHORTEST_SECONDS) -> list[Overdue]:
    """Overdue jobs that have not been reported.

    The limit is `factor` times the 99th percentile of earlier runs of the stage. A running job is
    overdue if it has run longer than that. A pending job is overdue if it has been due longer than
    that, no job of its queue runs, and no job of its stage has succeeded in that time. Jobs of
    paused queues are never overdue.

    Args:
        factor: Multiple of the 99th percentile of earlier runs.
        shortest_seconds: No job is overdue before.
    """
    with reading():
        late: list[Overdue] = []
        for (stage,) in execute(_OPEN_STAGES):
            expected = _expected_ms(stage, factor, round(shortest_seconds * 1000))
            if expected is not None:
                late += _late(stage, expected)
        return late


def _expected_ms(stage: str, factor: float, shortest: int) -> int | None:
    runs = earlier_runs(stage)
    if len(runs) < FEWEST_RUNS:
        return None
    return max(shortest, round(factor * runs[int(0.99 * (len(runs) - 1) + 0.5)]))


def _late(stage: str, expected: int) -> list[Overdue]:
    return [Overdue(*row) for row in execute(_LATE, stage=stage, expected=expected)]


def report(overdue: Overdue, notice: NewEvent) -> Written:
    """Write the notice of an overdue job once, unless the job has changed meanwhile."""
    with transaction():
        # Locks the job first, so that no notice follows the event that the job ends with.
        if not execute(_LOCK, job=overdue.job_id, token=overdue.token, status=overdue.status):
            return Written(None)
        written = append(notice)
        execute(_NOTICED, job=overdue.job_id, event=written.event_id)
        return written


_OPEN_STAGES = "SELECT DISTINCT stage FROM jobs WHERE status IN ('pending', 'running')"

# With the words of the index `jobs_not_done`; without them, all jobs of the stage would be read.
_LATE = """
SELECT jobs.id, token, jobs.machine_id, stage, status, event_id, correlation_id, jobs.chain,
    {now} - CASE status WHEN 'running' THEN started_at ELSE due_at END,
    CAST(:expected AS BIGINT)
FROM jobs JOIN events ON events.id = jobs.event_id
WHERE stage = :stage AND status IN ('pending', 'running') AND status <> 'success'
    AND (status = 'running' AND started_at < {now} - :expected
        OR status = 'pending' AND due_at < {now} - :expected
            AND NOT EXISTS (SELECT 1 FROM queues WHERE name = queue AND paused_at IS NOT NULL)
            AND NOT EXISTS (
                SELECT 1 FROM jobs AS other
                WHERE other.queue = jobs.queue AND other.status = 'running'
            )
            AND NOT EXISTS (
                SELECT 1 FROM jobs AS other
                WHERE other.stage = :stage AND other.status = 'success'
                    AND other.completed_at >= {now} - :expected
            ))
    AND overdue_event_id IS NULL
ORDER BY jobs.id LIMIT 100
"""

_LOCK = """
UPDATE jobs SET message = message
WHERE id = :job AND token = :token AND status = :status AND overdue_event_id IS NULL
RETURNING id
"""

_NOTICED = "UPDATE jobs SET overdue_event_id = :event WHERE id = :job"
