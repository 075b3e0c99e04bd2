"""Which worker processes are there, what they run, and which jobs their death left behind."""

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

#: A worker not heard of for this long is gone, seconds.
WORKER_SILENCE_SECONDS = 15.0


def beat(worker_id: str, host: str, pid: int, queues: list[str], *, ready: bool = True) -> None:
    """Note that a worker is alive; forget those long silent.

    Args:
        worker_id: Its id.
        host: The host it runs on.
        pid: Its process there.
        queues: The queues it serves.
        ready: Whether it takes jobs; False while it loads its libraries.
    """
    with forgettable_transaction():
        Worker.delete().where(Worker.seen_at < after(-20 * WORKER_SILENCE_SECONDS)).execute()
        ready_at = fn.COALESCE(Worker.ready_at, now_ms()) if ready else None
        news = {"seen_at": now_ms(), "ready_at": ready_at}
        seen = Worker.update(**news).where(Worker.id == worker_id).execute()
        if not seen:
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
    """Note that a worker has stopped in good order."""
    with transaction():
        Worker.delete().where(Worker.id == worker_id).execute()


def alive() -> list[dict[str, Any]]:
    """Workers that are alive."""
    with reading():
        rows: Any = Worker.select().where(_is_alive()).order_by(Worker.id)
        return list(rows.dicts())


def _is_alive() -> Any:
    return Worker.seen_at >= after(-WORKER_SILENCE_SECONDS)
