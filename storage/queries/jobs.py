"""Queries for jobs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import Any

from errors import NotFound
from storage.database import execute, reading
from storage.ledger.workers import WORKER_SILENCE_SECONDS
from storage.status import JobStatus

#: The status of a job as it is shown: a running job whose worker is gone is `stale`. SQL.
#:
#: It is derived in each query and only displayed. The protocol uses `jobs.status` and the lease: a
#: worker may be silent for a while and still hold its lease.
SHOWN_STATUS = f"""
CASE WHEN jobs.status = 'running' AND (jobs.lease_until < {{now}} OR NOT EXISTS (
    SELECT 1 FROM workers WHERE workers.id = jobs.worker
        AND workers.seen_at >= {{now}} - {round(WORKER_SILENCE_SECONDS * 1000)}
)) THEN 'stale' ELSE jobs.status END
"""


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job; times are milliseconds since 1970.

    Attributes:
        event_id: The event that it reacts to.
        status: As the protocol uses it; never `stale`.
        shown_status: As it is shown; `stale` where the worker of a running job is gone.
        overdue_event_id: The notice that it takes much longer than usual; None without one.
    """

    id: int
    event_id: int
    machine_id: str
    stage: str
    queue: str
    chain: str
    status: JobStatus
    shown_status: JobStatus
    token: int
    worker: str | None
    lease_until: int | None
    due_at: int
    attempts: int
    crashes: int
    progress: int
    epoch: int | None
    loss: float | None
    message: str
    error_message: str | None
    created_at: int
    dispatched_at: int | None
    started_at: int | None
    completed_at: int | None
    seq: int
    overdue_event_id: int | None


def jobs(
    *,
    status: JobStatus | None = None,
    stage: str | None = None,
    machine_id: str | None = None,
    chain: str | None = None,
    before: int | None = None,
    limit: int = 1000,
) -> list[JobRow]:
    """Jobs, newest first.

    Args:
        status: Only jobs of this shown status.
        stage: Only jobs of this stage.
        machine_id: Only jobs of this machine.
        chain: Only jobs of this chain.
        before: Only jobs with a lower id.
        limit: This many at most.
    """
    asked = {
        "status": status,
        "stage": stage,
        "machine": machine_id,
        "chain": chain,
        "before": before,
    }
    parameters: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    conditions = [_CONDITIONS[name] for name in parameters]
    if status is not None and status != JobStatus.SUCCESS:
        # In the words of the index `jobs_not_done`; without them, all jobs would be read.
        stored = JobStatus.RUNNING if status == JobStatus.STALE else JobStatus(status)
        conditions.append(f"jobs.status = '{stored}' AND jobs.status <> 'success'")
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    return _jobs(f"{where} ORDER BY jobs.id DESC LIMIT :most", most=limit, **parameters)


def job(job_id: int) -> JobRow:
    """One job.

    Raises:
        NotFound: No such job.
    """
    found = _jobs("WHERE jobs.id = :job", job=job_id)
    if not found:
        raise NotFound(f"no job {job_id}", kind="job")
    return found[0]


def jobs_by_id(ids: Collection[int]) -> dict[int, JobRow]:
    """Jobs by their ids; those that do not exist are left out."""
    if not ids:
        return {}
    listed = ", ".join(str(int(job_id)) for job_id in ids)
    return {job.id: job for job in _jobs(f"WHERE jobs.id IN ({listed})")}


def open_jobs(machine_ids: Collection[str]) -> list[JobRow]:
    """The jobs of these machines that wait or run, oldest first."""
    found = _jobs("WHERE jobs.status IN ('pending', 'running') ORDER BY jobs.id")
    return [job for job in found if job.machine_id in machine_ids]


def _jobs(which: str, **parameters: Any) -> list[JobRow]:
    with reading():
        rows = execute(f"SELECT {_COLUMNS} FROM jobs {which}", **parameters)
    return [_row(dict(zip(_FIELDS, row, strict=True))) for row in rows]


def _row(values: dict[str, Any]) -> JobRow:
    statuses = {name: JobStatus(values[name]) for name in ("status", "shown_status")}
    return JobRow(**{**values, **statuses})


_FIELDS = tuple(field.name for field in fields(JobRow))

_COLUMNS = ", ".join(SHOWN_STATUS if name == "shown_status" else f"jobs.{name}" for name in _FIELDS)

_CONDITIONS = {
    "status": f"{SHOWN_STATUS} = :status",
    "stage": "jobs.stage = :stage",
    "machine": "jobs.machine_id = :machine",
    "chain": "jobs.chain = :chain",
    "before": "jobs.id < :before",
}
