"""Which worker processes are there, what they run, and which jobs their death left behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from peewee import Case, fn

from storage.database import after, forgettable_transaction, now_ms, reading, transaction
from storage.tables import Job, Worker

#: A worker not heard of for this long is gone, seconds.
WORKER_SILENCE_SECONDS = 15.0


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
    running: Any = (
        Job.select(
            Job.id,
            Job.machine.alias("machine_id"),
            Job.stage,
            shown_status(Job).alias("status"),
            Job.progress,
            Job.message,
            Job.started_at,
            Job.worker,
        )
        .where(Job.status == "running")
        .order_by(Job.id)
    )
    with reading():
        rows, jobs = list(workers.dicts()), list(running.dicts())
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


def shown_status(job: Any) -> Any:
    """What people are told of a job's status: a running one whose worker is gone is `stale`.

    It is derived whenever somebody looks. The protocol goes by `Job.status` and the lease alone:
    a worker may be silent for a while and still hold its lease.

    Args:
        job: The table of jobs, or the alias that a query has for it.
    """
    worker = Worker.select(Worker.id).where(Worker.id == job.worker, _is_alive())
    gone = (job.lease_until < now_ms()) | ~fn.EXISTS(worker)
    return Case(None, [((job.status == "running") & gone, "stale")], job.status)


def _is_alive() -> Any:
    return Worker.seen_at >= after(-WORKER_SILENCE_SECONDS)
