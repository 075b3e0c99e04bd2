"""Worker processes and the jobs that each runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from storage.database import (
    execute,
    now_ms,
    reading,
)
from storage.ledger.workers import _is_alive
from storage.queries.jobs import SHOWN_STATUS
from storage.tables import Worker


@dataclass(frozen=True)
class Seen:
    """A worker that was heard of, and what it runs.

    Attributes:
        ready_at: Since when it takes jobs, ms since 1970; None while it loads its libraries.
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
    ready_at: int | None
    alive: bool
    silent_seconds: float
    jobs: list[dict[str, Any]]


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
            ready_at=row["ready_at"],
            alive=bool(row["alive"]),
            silent_seconds=row["silent_ms"] / 1000,
            jobs=held[row["id"]],
        )
        for row in rows
    ]


_RUNNING = f"""
SELECT id, machine_id, stage, {SHOWN_STATUS}, progress, message, started_at, worker
FROM jobs WHERE status = 'running' ORDER BY id
"""


_RUNNING_FIELDS = (
    *("id", "machine_id", "stage", "status"),
    *("progress", "message", "started_at", "worker"),
)
