"""Jobs, as the ledger has them and as people see them."""

from __future__ import annotations

from typing import Any

from errors import NotFound
from storage.database import execute, reading
from storage.ledger.workers import WORKER_SILENCE_SECONDS
from storage.tables import Job

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


def jobs(
    *, status: str | None = None, machine_id: str | None = None, limit: int = 1000
) -> list[dict[str, Any]]:
    """Jobs, newest first, with the `status` that the ledger has and the `shown_status`.

    Args:
        status: Only jobs of this shown status.
        machine_id: Only jobs of this machine.
        limit: This many at most.
    """
    asked = {"status": status, "machine": machine_id}
    conditions = [_JOB_CONDITIONS[name] for name, value in asked.items() if value]
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    parameters = {name: value for name, value in asked.items() if value}
    return _jobs(f"{where} ORDER BY jobs.id DESC LIMIT :most", most=limit, **parameters)


def job(job_id: int) -> dict[str, Any]:
    """One job, as `jobs` gives them.

    Raises:
        NotFound: No such job.
    """
    found = _jobs("WHERE jobs.id = :job", job=job_id)
    if not found:
        raise NotFound(f"no job {job_id}; see: fleetforge jobs")
    return found[0]


def _jobs(which: str, **parameters: Any) -> list[dict[str, Any]]:
    with reading():
        rows = execute(f"SELECT {_JOB}, {SHOWN_STATUS} FROM jobs {which}", **parameters)
    return [dict(zip((*_JOB_FIELDS, "shown_status"), row, strict=True)) for row in rows]


_JOB_FIELDS = tuple(Job._meta.columns)


_JOB = ", ".join(f"jobs.{name}" for name in _JOB_FIELDS)


_JOB_CONDITIONS = {"status": f"{SHOWN_STATUS} = :status", "machine": "jobs.machine_id = :machine"}
