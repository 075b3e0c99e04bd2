"""Worker processes and the jobs that each runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from storage.database import execute, now_ms, reading
from storage.ledger.workers import WorkerRow, is_alive, worker_fields
from storage.queries.jobs import SHOWN_STATUS
from storage.status import JobStatus
from storage.tables import Worker


@dataclass(frozen=True)
class WorkerJob:
    """A job that a worker runs.

    Attributes:
        status: `running`, or `stale` if the worker is silent or the lease has ended.
        started_at: Milliseconds since 1970.
    """

    id: int
    machine_id: str
    stage: str
    status: JobStatus
    progress: int
    message: str
    started_at: int


@dataclass(frozen=True)
class WorkerState(WorkerRow):
    """A worker and the jobs that it runs.

    Attributes:
        alive: Whether it has sent a heartbeat lately.
        silent_seconds: Time since its last heartbeat.
        jobs: Its running jobs, oldest first.
    """

    alive: bool
    silent_seconds: float
    jobs: list[WorkerJob]


def roster() -> list[WorkerState]:
    """All workers that have not signed off, by id, including silent ones."""
    workers: Any = Worker.select(
        Worker, is_alive().alias("alive"), (now_ms() - Worker.seen_at).alias("silent_ms")
    ).order_by(Worker.id)
    with reading():
        found, running = list(workers), execute(_RUNNING)
    jobs: dict[str, list[WorkerJob]] = {worker.id: [] for worker in found}
    for worker_id, job_id, machine_id, stage, status, *rest in running:
        # A job of a worker without a row is left out here; lists of jobs show it as stale.
        if worker_id in jobs:
            job = WorkerJob(job_id, machine_id, stage, JobStatus(status), *rest)
            jobs[worker_id].append(job)
    return [
        WorkerState(
            **worker_fields(worker),
            alive=bool(worker.alive),
            silent_seconds=worker.silent_ms / 1000,
            jobs=jobs[worker.id],
        )
        for worker in found
    ]


_RUNNING = f"""
SELECT worker, id, machine_id, stage, {SHOWN_STATUS}, progress, message, started_at
FROM jobs WHERE status = 'running' ORDER BY id
"""
