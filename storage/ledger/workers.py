"""Worker processes: their heartbeats, and which of them are alive."""

from __future__ import annotations

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
        columns = {"seen_at": now_ms(), "ready_at": ready_at}
        updated = Worker.update(**columns).where(Worker.id == worker_id).execute()
        if not updated:
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


def alive() -> list[dict[str, Any]]:
    """Workers that are alive."""
    with reading():
        rows: Any = Worker.select().where(_is_alive()).order_by(Worker.id)
        return list(rows.dicts())


def _is_alive() -> Any:
    return Worker.seen_at >= after(-WORKER_SILENCE_SECONDS)
