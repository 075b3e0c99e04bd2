"""Which worker processes are there, what they run, and which jobs their death left behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from storage.database import (
    after,
    execute,
    forgettable_transaction,
    now_ms,
    reading,
    transaction,
)
from storage.tables import Worker

#: A worker not heard of for this long is gone, seconds.
WORKER_SILENCE_SECONDS = 15.0


#: What people are told of a job's status: a running one whose worker is gone is `stale`. SQL.
#:
#: It is derived whenever somebody looks. The protocol goes by `jobs.status` and the lease alone: a
#: worker may be silent for a while and still hold its lease.
SHOWN_STATUS = f"""
CASE WHEN jobs.status = 'running' AND (jobs.lease_until < {{now}} OR NOT EXISTS (
    SELECT 1 FROM workers WHERE workers.id = jobs.worker
        AND workers.seen_at >= {{now}} - {round(WORKER_SILENCE_SECONDS * 1000)}
)) THEN 'stale' ELSE jobs.status END
"""


@dataclass(frozen=True)
class Seen:
    """A worker that was heard of, and what it runs.

    Attributes:
        alive: Whether it was heard of lately.
        silent_seconds: Since when it was not heard of.
        jobs: Its running jobs as dicts, oldest first; `status` is `running` or `stale`.
    """

    id: str
    host: str
    pid: int
    queues: list[str]
    started_at: int
    seen_at: int
    alive: bool
    silent_seconds: float
    jobs: list[dict[str, Any]]


def beat(worker_id: str, host: str, pid: int, queues: list[str]) -> None:
    """Note that a worker is alive; forget those long silent."""
    with forgettable_transaction():
        Worker.delete().where(Worker.seen_at < after(-20 * WORKER_SILENCE_SECONDS)).execute()
        seen = Worker.update(seen_at=now_ms()).where(Worker.id == worker_id).execute()
        if not seen:
            Worker.insert(
                id=worker_id,
                host=host,
                pid=pid,
                queues=",".join(queues),
                started_at=now_ms(),
                seen_at=now_ms(),
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


def roster() -> list[Seen]:
    """Every worker that has not signed off, by id, those that fell silent too."""
    workers: Any = Worker.select(
        Worker, _is_alive().alias("alive"), (now_ms() - Worker.seen_at).alias("silent_ms")
    ).order_by(Worker.id)
    with reading():
        rows, running = list(workers.dicts()), execute(_RUNNING)
    jobs = [dict(zip(_RUNNING_FIELDS, row, strict=True)) for row in running]
    held: dict[str, list[dict[str, Any]]] = {row["id"]: [] for row in rows}
    for job in jobs:
        # A worker without a row is shown nowhere here; its job is `stale` wherever jobs are.
        held.get(job.pop("worker"), []).append(job)
    return [
        Seen(
            id=row["id"],
            host=row["host"],
            pid=row["pid"],
            queues=row["queues"].split(","),
            started_at=row["started_at"],
            seen_at=row["seen_at"],
            alive=bool(row["alive"]),
            silent_seconds=row["silent_ms"] / 1000,
            jobs=held[row["id"]],
        )
        for row in rows
    ]


def _is_alive() -> Any:
    return Worker.seen_at >= after(-WORKER_SILENCE_SECONDS)


_RUNNING_FIELDS = (
    *("id", "machine_id", "stage", "status"),
    *("progress", "message", "started_at", "worker"),
)

_RUNNING = f"""
SELECT id, machine_id, stage, {SHOWN_STATUS}, progress, message, started_at, worker
FROM jobs WHERE status = 'running' ORDER BY id
"""
