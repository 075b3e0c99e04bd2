"""Worker processes: their heartbeats, and which of them are alive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from peewee import fn

from storage.database import (
    after,
    forgettable_transaction,
    now_ms,
    reading,
    transaction,
)
from storage.tables import Worker

#: A worker without a heartbeat for this long counts as dead, seconds.
WORKER_SILENCE_SECONDS = 15.0


@dataclass(frozen=True)
class WorkerRow:
    """A worker process; times are milliseconds since 1970.

    Attributes:
        queues: The queues that it serves.
        seen_at: Its last heartbeat.
        ready_at: Since when it takes jobs; None while it loads its libraries.
    """

    id: str
    host: str
    pid: int
    queues: list[str]
    started_at: int
    seen_at: int
    ready_at: int | None


def beat(worker_id: str, host: str, pid: int, queues: list[str], *, ready: bool = True) -> None:
    """Record a heartbeat of a worker; delete workers that have been silent for long.

    Args:
        worker_id: Its id.
        host: The host it runs on.
        pid: Its process id there.
        queues: The queues it serves.
        ready: Whether it takes jobs; False while it loads its libraries.
    """
    with forgettable_transaction():
        Worker.delete().where(Worker.seen_at < after(-20 * WORKER_SILENCE_SECONDS)).execute()
        ready_at = fn.COALESCE(Worker.ready_at, now_ms()) if ready else None
        beaten = Worker.update(seen_at=now_ms(), ready_at=ready_at).where(Worker.id == worker_id)
        if not beaten.execute():
            Worker.insert(
                id=worker_id,
                host=host,
                pid=pid,
                queues=",".join(queues),
                started_at=now_ms(),
                seen_at=now_ms(),
                ready_at=now_ms() if ready else None,
            ).execute()


def sign_off(worker_id: str) -> None:
    """Record that a worker has stopped regularly."""
    with transaction():
        Worker.delete().where(Worker.id == worker_id).execute()


def alive() -> list[WorkerRow]:
    """The workers that are alive, by id."""
    with reading():
        rows: Any = Worker.select().where(is_alive()).order_by(Worker.id)
        return [WorkerRow(**worker_fields(worker)) for worker in rows]


def worker_fields(worker: Worker) -> dict[str, Any]:
    """The fields of a `WorkerRow`."""
    return {
        "id": worker.id,
        "host": worker.host,
        "pid": worker.pid,
        "queues": worker.queues.split(","),
        "started_at": worker.started_at,
        "seen_at": worker.seen_at,
        "ready_at": worker.ready_at,
    }


def is_alive() -> Any:
    """Whether a worker has sent a heartbeat lately, for a peewee query."""
    return Worker.seen_at >= after(-WORKER_SILENCE_SECONDS)
