"""What an operator sets for a queue: paused or not, how many at once, who goes first.

It is kept in the ledger, so that the workers of all hosts keep to it together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from peewee import fn

from storage.database import now_ms, reading, transaction
from storage.tables import Job, Queue


@dataclass(frozen=True)
class QueueStanding:
    """A queue, as it is set and as it stands.

    Attributes:
        paused_at: When it was paused, ms since 1970; None while it is open.
        concurrency: How many of its jobs may run at once on all hosts; None means any number.
        priority: A worker that serves several queues takes from the highest first.
        due: Jobs that could run now.
        running: Jobs that run.
        oldest_due_at: Since when the longest waiting one has been due, ms since 1970.
    """

    name: str
    paused_at: int | None = None
    concurrency: int | None = None
    priority: int = 0
    due: int = 0
    running: int = 0
    oldest_due_at: int | None = None

    @property
    def room(self) -> int | None:
        """How many more of its jobs may start now; None means any number."""
        if self.paused_at is not None:
            return 0
        return None if self.concurrency is None else max(0, self.concurrency - self.running)


def standings() -> dict[str, QueueStanding]:
    """Every queue that is set or has jobs that are due or running, by name."""
    with reading():
        settings: Any = Queue.select().dicts()
        rows: dict[str, dict[str, Any]] = {row["name"]: row for row in settings}
        due: Any = (
            Job.select(Job.queue, fn.COUNT(Job.id), fn.MIN(Job.due_at))
            .where(Job.status == "pending", Job.due_at <= now_ms())
            .group_by(Job.queue)
            .tuples()
        )
        for name, count, oldest in due:
            rows.setdefault(name, {"name": name}).update(due=count, oldest_due_at=oldest)
        running: Any = (
            Job.select(Job.queue, fn.COUNT(Job.id))
            .where(Job.status == "running")
            .group_by(Job.queue)
            .tuples()
        )
        for name, count in running:
            rows.setdefault(name, {"name": name}).update(running=count)
    return {name: QueueStanding(**row) for name, row in rows.items()}


def pause(name: str) -> None:
    """Let no job of a queue start; those that run go on."""
    if standings().get(name, QueueStanding(name)).paused_at is None:
        _set(name, paused_at=now_ms())


def resume(name: str) -> None:
    """Open a paused queue."""
    _set(name, paused_at=None)


def limit(name: str, concurrency: int | None) -> None:
    """Let at most so many jobs of a queue run at once, on all hosts together; None: no limit."""
    _set(name, concurrency=concurrency)


def prefer(name: str, priority: int) -> None:
    """Set a queue's priority: the higher goes first."""
    _set(name, priority=priority)


def _set(name: str, **columns: Any) -> None:
    with transaction():
        if not Queue.update(**columns).where(Queue.name == name).execute():
            Queue.insert(**{"name": name, "priority": 0, **columns}).execute()
