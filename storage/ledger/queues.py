"""Queues: their settings (paused, limit, priority) and how many jobs wait and run in each.

The settings are stored in the ledger, so they apply to the workers of all hosts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from peewee import fn

from storage.database import now_ms, reading, transaction
from storage.ledger.event_log import SYSTEM
from storage.status import JobStatus
from storage.tables import Job, Queue


@dataclass(frozen=True)
class QueueState:
    """The settings and the load of a queue.

    Attributes:
        paused_at: When it was paused, ms since 1970; None: it is open.
        concurrency: How many of its jobs may run at once on all hosts; None: no limit.
        priority: A worker that serves several queues takes from the highest priority first.
        due: Number of pending jobs that could run now.
        running: Number of running jobs.
        changed_at: When a setting was changed last, ms since 1970.
        changed_by: Who did that, as in the actor of an event.
        oldest_due_at: Since when the oldest of the due jobs has been due, ms since 1970.
    """

    name: str
    paused_at: int | None = None
    concurrency: int | None = None
    priority: int = 0
    changed_at: int | None = None
    changed_by: str | None = None
    due: int = 0
    running: int = 0
    oldest_due_at: int | None = None

    @property
    def room(self) -> int | None:
        """How many more of its jobs may start now; None: no limit."""
        if self.paused_at is not None:
            return 0
        return None if self.concurrency is None else max(0, self.concurrency - self.running)


def states() -> dict[str, QueueState]:
    """All queues with settings, or with due or running jobs, by name."""
    with reading():
        settings: Any = Queue.select().dicts()
        rows: dict[str, dict[str, Any]] = {row["name"]: row for row in settings}
        due: Any = (
            Job.select(Job.queue, fn.COUNT(Job.id), fn.MIN(Job.due_at))
            .where(Job.status == JobStatus.PENDING.value, Job.due_at <= now_ms())
            .group_by(Job.queue)
            .tuples()
        )
        for name, count, oldest in due:
            rows.setdefault(name, {"name": name}).update(due=count, oldest_due_at=oldest)
        running: Any = (
            Job.select(Job.queue, fn.COUNT(Job.id))
            .where(Job.status == JobStatus.RUNNING.value)
            .group_by(Job.queue)
            .tuples()
        )
        for name, count in running:
            rows.setdefault(name, {"name": name}).update(running=count)
    return {name: QueueState(**row) for name, row in rows.items()}


def pause(name: str, actor: str = SYSTEM) -> None:
    """Pause a queue: no job of it starts; running jobs continue."""
    if states().get(name, QueueState(name)).paused_at is None:
        _set(name, actor, paused_at=now_ms())


def resume(name: str, actor: str = SYSTEM) -> None:
    """Open a paused queue."""
    _set(name, actor, paused_at=None)


def limit(name: str, concurrency: int | None, actor: str = SYSTEM) -> None:
    """Limit how many jobs of a queue run at once, on all hosts together; None: no limit."""
    _set(name, actor, concurrency=concurrency)


def prefer(name: str, priority: int, actor: str = SYSTEM) -> None:
    """Set a queue's priority: workers take jobs from the highest priority first."""
    _set(name, actor, priority=priority)


def _set(name: str, actor: str, **columns: Any) -> None:
    columns |= {"changed_at": now_ms(), "changed_by": actor}
    with transaction():
        if not Queue.update(**columns).where(Queue.name == name).execute():
            Queue.insert(**{"name": name, "priority": 0, **columns}).execute()
