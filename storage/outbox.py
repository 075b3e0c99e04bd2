"""What the steward looks for: jobs to send, to send again, and to rescue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from peewee import fn

from storage.database import after, now_ms, reading, transaction
from storage.facts import Dispatch
from storage.ledger import Claim, claims
from storage.tables import Job


def expired() -> list[Claim]:
    """Running jobs whose worker has not renewed its lease in time."""
    with reading():
        return claims((Job.status == "running") & (Job.lease_until < now_ms()))


def undelivered(limit: int = 500) -> list[Dispatch]:
    """Due jobs that were never sent, or became due again after they were."""
    with reading():
        return _dispatches(
            Job.select(Job.id, Job.queue)
            .where(
                Job.status == "pending",
                Job.due_at <= now_ms(),
                (Job.dispatched_at.is_null()) | (Job.dispatched_at < Job.due_at),
            )
            .order_by(Job.due_at)
            .limit(limit)
        )


def overdue_deliveries(queue: str, seconds: float, limit: int) -> list[Dispatch]:
    """The oldest due jobs of a queue that were sent `seconds` ago and that nobody has taken."""
    with reading():
        return _dispatches(
            Job.select(Job.id, Job.queue)
            .where(
                Job.status == "pending",
                Job.queue == queue,
                Job.due_at <= now_ms(),
                Job.dispatched_at < after(-seconds),
            )
            .order_by(Job.due_at)
            .limit(limit)
        )


def pending_by_queue() -> dict[str, int]:
    """How many due jobs wait in each queue."""
    with reading():
        rows: Any = (
            Job.select(Job.queue, fn.COUNT(Job.id))
            .where(Job.status == "pending", Job.due_at <= now_ms())
            .group_by(Job.queue)
            .tuples()
        )
        return dict(rows)


def forget_deliveries() -> None:
    """The broker lost everything: let `undelivered` find every pending job."""
    with transaction():
        Job.update(dispatched_at=None).where(Job.status == "pending").execute()


def mark_dispatched(job_ids: Sequence[int]) -> None:
    """Remember that these jobs are with the broker."""
    with transaction():
        Job.update(dispatched_at=now_ms()).where(
            Job.id.in_(list(job_ids)), Job.status == "pending"
        ).execute()


def _dispatches(query: Any) -> list[Dispatch]:
    return [Dispatch(job.id, job.queue) for job in query]
