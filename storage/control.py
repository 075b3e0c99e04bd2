"""What an operator may do to jobs and machines by hand."""

from __future__ import annotations

from errors import NotFound
from storage import projections
from storage.database import now_ms, transaction
from storage.facts import Dispatch
from storage.tables import Artifact, Job, Machine


def cancel(job_id: int) -> str:
    """Stop a job for good; the status it had.

    The token moves on, so the worker that runs it loses its lease and kills the child.

    Raises:
        NotFound: No such job.
    """
    with transaction():
        before = _status(job_id)
        if before in ("pending", "running"):
            Job.update(
                status="cancelled",
                token=Job.token + 1,
                lease_until=None,
                completed_at=now_ms(),
                error_message="cancelled",
            ).where(Job.id == job_id).execute()
            projections.job_changed(job_id)
        return before


def retry(job_id: int) -> Dispatch | None:
    """Start a failed or cancelled job afresh; None if it is neither.

    Raises:
        NotFound: No such job.
    """
    with transaction():
        if _status(job_id) not in ("failed", "cancelled"):
            return None
        Job.update(
            status="pending",
            attempts=0,
            crashes=0,
            progress=0,
            message="",
            error_message=None,
            due_at=now_ms(),
            dispatched_at=None,
            completed_at=None,
        ).where(Job.id == job_id).execute()
        projections.job_changed(job_id)
        return Dispatch(job_id, Job.get_by_id(job_id).queue)


def delete_machine(machine_id: str) -> list[str]:
    """Remove a machine with its events, jobs, artifacts' rows and reports.

    A running child loses its lease with the row.

    Returns:
        The keys under which it had files, for the caller to remove.

    Raises:
        NotFound: No such machine.
    """
    with transaction():
        rows = Artifact.select(Artifact.key).where(Artifact.machine == machine_id).distinct()
        keys = [row.key for row in rows]
        if not Machine.delete().where(Machine.machine_id == machine_id).execute():
            raise NotFound(f"no machine '{machine_id}'; see: fleetforge machines list")
        return keys


def _status(job_id: int) -> str:
    job = Job.get_or_none(Job.id == job_id)
    if job is None:
        raise NotFound(f"no job {job_id}; see: fleetforge jobs")
    status: str = job.status
    return status
