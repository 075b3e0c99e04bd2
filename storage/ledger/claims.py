"""Claims: the right to run a job, taken by a worker and lost when its lease ends."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from storage.database import (
    execute,
    forgettable_transaction,
    is_sqlite,
    reading,
)
from storage.ledger import chain_status, training_report
from storage.ledger.sequence import NEXT_SEQ
from storage.status import JobStatus


@dataclass(frozen=True)
class Claim:
    """The right to run a job, until the lease ends or the token changes.

    Attributes:
        limited: Whether its queue has a limit, so that another job may start when this one ends.
        has_report: Whether the job is a training, with a row in `gan_training_jobs`.
    """

    job_id: int
    token: int
    stage: str
    queue: str
    limited: bool
    has_report: bool
    chain: str
    machine_id: str
    profile: str
    event_id: int
    event_type: str
    payload: dict[str, Any]
    correlation_id: str
    attempts: int
    crashes: int


def claim(job_id: int, worker: str, lease_seconds: float) -> Claim | None:
    """Take a due job; None if it cannot be taken.

    The message may be a duplicate, or the queue may be paused or at its limit. A job that stays
    pending is recorded as not sent, so that a steward sends it once the queue has room.
    """
    with forgettable_transaction():
        if not is_sqlite():  # SQLite has one writer at a time.
            execute(_LOCK_LIMIT, job=job_id)
        if not execute(_CLAIM, job=job_id, worker=worker, lease=round(lease_seconds * 1000)):
            execute(_NOT_TAKEN, job=job_id)
            return None
        (claimed,) = _claims(execute(_CLAIMS_BY_ID, job=job_id))
        if claimed.has_report:
            training_report.follow(job_id)
        chain_status.move(claimed.machine_id, claimed.chain, job_id, JobStatus.RUNNING)
        return claimed


def expired() -> list[Claim]:
    """The claims whose lease has ended; at most 100."""
    with reading():
        return _claims(execute(_CLAIMS_EXPIRED))


def _claims(rows: list[tuple[Any, ...]]) -> list[Claim]:
    claims = [Claim(*row) for row in rows]
    return [
        replace(
            claim,
            payload=json.loads(str(claim.payload)),
            limited=bool(claim.limited),
            has_report=bool(claim.has_report),
        )
        for claim in claims
    ]


# Two claims that count a queue's running jobs at once must not both take the last free place.
_LOCK_LIMIT = """
SELECT name FROM queues
WHERE name = (SELECT queue FROM jobs WHERE id = :job) AND concurrency IS NOT NULL
FOR UPDATE
"""


_CLAIM = f"""
UPDATE jobs SET status = 'running', token = token + 1, worker = :worker,
    lease_until = {{now}} + :lease, started_at = {{now}}, completed_at = NULL, progress = 0,
    message = '', epoch = NULL, loss = NULL, overdue_event_id = NULL, seq = {NEXT_SEQ}
WHERE id = :job AND status = 'pending' AND due_at <= {{now}} AND NOT EXISTS (
    SELECT 1 FROM queues
    WHERE queues.name = jobs.queue AND (queues.paused_at IS NOT NULL OR queues.concurrency <= (
        SELECT COUNT(*) FROM jobs AS busy
        WHERE busy.queue = queues.name AND busy.status = 'running'
    ))
)
RETURNING id
"""


_NOT_TAKEN = "UPDATE jobs SET dispatched_at = NULL WHERE id = :job AND status = 'pending'"


_CLAIMS = """
SELECT jobs.id, jobs.token, jobs.stage, jobs.queue, queues.concurrency IS NOT NULL,
    EXISTS (SELECT 1 FROM gan_training_jobs WHERE task_id = jobs.id), jobs.chain,
    jobs.machine_id, machines.profile, events.id, events.type, events.payload,
    events.correlation_id, jobs.attempts, jobs.crashes
FROM jobs
JOIN events ON events.id = jobs.event_id
JOIN machines ON machines.machine_id = jobs.machine_id
LEFT JOIN queues ON queues.name = jobs.queue
"""


_CLAIMS_BY_ID = f"{_CLAIMS} WHERE jobs.id = :job"


_CLAIMS_EXPIRED = f"""{_CLAIMS}
WHERE jobs.status = 'running' AND jobs.lease_until < {{now}}
ORDER BY jobs.lease_until LIMIT 100
"""
