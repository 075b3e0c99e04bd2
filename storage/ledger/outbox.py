"""The outbox: pending jobs that have to be sent to the broker, or sent again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from peewee import fn

from storage.database import after, database, now_ms, reading, transaction
from storage.ledger.event_log import Dispatch
from storage.ledger.queues import QueueState
from storage.status import JobStatus
from storage.tables import Job


def take_unsent(queues: Mapping[str, QueueState], limit: int = 500) -> list[Dispatch]:
    """Take due jobs that were not sent, as far as their queues have room; mark them as sent.

    Args:
        queues: The state of each queue.
        limit: Maximum number of jobs from the queues without a limit, and from each other queue.
    """
    bounded = {name: room for name, queue in queues.items() if (room := queue.room) is not None}
    taken = _take(Job.queue.not_in(list(bounded)), limit)
    for name, room in bounded.items():
        free = room - _on_the_way(name) if room else 0
        if free > 0:
            taken += _take(Job.queue == name, min(free, limit))
    return taken


def _take(condition: Any, limit: int) -> list[Dispatch]:
    with reading():
        found: Any = (
            Job.select(Job.id)
            .where(
                Job.status == JobStatus.PENDING.value,
                Job.dispatched_at.is_null(),
                Job.due_at <= now_ms(),
                condition,
            )
            .order_by(Job.due_at)
            .limit(limit)
            .tuples()
        )
        ids = [job_id for (job_id,) in found]
    if not ids:
        return []
    with transaction():
        # Another steward may have taken some of them meanwhile.
        taken: Any = (
            Job.update(dispatched_at=now_ms())
            .where(
                Job.id.in_(ids), Job.status == JobStatus.PENDING.value, Job.dispatched_at.is_null()
            )
            .returning(Job.id, Job.queue)
            .tuples()
            .execute()
        )
        jobs = {job_id: Dispatch(job_id, queue) for job_id, queue in taken}
    return [jobs[job_id] for job_id in ids if job_id in jobs]


def _on_the_way(queue: str) -> int:
    """The number of due jobs of a queue that were sent and not yet claimed."""
    with reading():
        count: int = (
            Job.select()
            .where(
                Job.status == JobStatus.PENDING.value,
                Job.queue == queue,
                Job.due_at <= now_ms(),
                Job.dispatched_at.is_null(False),
            )
            .count()
        )
    return count


def overdue_deliveries(queue: str, seconds: float, limit: int) -> list[Dispatch]:
    """The oldest due jobs of a queue that were sent over `seconds` ago and not yet claimed."""
    with reading():
        rows = (
            Job.select(Job.id, Job.queue)
            .where(
                Job.status == JobStatus.PENDING.value,
                Job.queue == queue,
                Job.due_at <= now_ms(),
                Job.dispatched_at < after(-seconds),
            )
            .order_by(Job.due_at)
            .limit(limit)
        )
        return [Dispatch(job.id, job.queue) for job in rows]


def sent_again(job_ids: Sequence[int]) -> None:
    """Record that these jobs were sent again now."""
    with transaction():
        Job.update(dispatched_at=now_ms()).where(
            Job.id.in_(list(job_ids)), Job.status == JobStatus.PENDING.value
        ).execute()


def not_sent(job_ids: Sequence[int]) -> None:
    """Record that these jobs could not be sent."""
    with transaction():
        Job.update(dispatched_at=None).where(
            Job.id.in_(list(job_ids)), Job.status == JobStatus.PENDING.value
        ).execute()


def forget_deliveries() -> None:
    """Mark all pending jobs as not sent, because the broker has lost its data."""
    with transaction():
        Job.update(dispatched_at=None).where(
            Job.status == JobStatus.PENDING.value, Job.dispatched_at.is_null(False)
        ).execute()


def seconds_to_next() -> float | None:
    """Seconds until a lease ends or an unsent job becomes due; None without either."""
    lease = Job.select(fn.MIN(Job.lease_until)).where(Job.status == JobStatus.RUNNING.value)
    due = Job.select(fn.MIN(Job.due_at)).where(
        Job.status == JobStatus.PENDING.value, Job.dispatched_at.is_null(), Job.due_at > now_ms()
    )
    with reading():
        row = database.execute(Job.select(lease, due, now_ms()).limit(1)).fetchone()
    if row is None:
        return None
    *moments, now = row
    ahead = [moment - now for moment in moments if moment is not None]
    return max(0, min(ahead)) / 1000 if ahead else None
