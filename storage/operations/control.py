"""Operations on jobs and machines: cancel, retry, delete."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from errors import NotFound
from storage.artifacts.store import STAGING, ArtifactStore
from storage.database import execute, is_sqlite, now_ms, transaction
from storage.ledger import chain_status, training_report
from storage.ledger.event_log import Dispatch, NewEvent, append
from storage.ledger.sequence import next_seq
from storage.status import OPEN, JobStatus
from storage.tables import Artifact, Job, Machine

#: The event that says what was done to a job; it starts nothing.
Notice = Callable[[Job], NewEvent]


def cancel(job_id: int, notice: Notice | None = None) -> JobStatus:
    """Cancel a job; return the status that it had.

    The token changes, so the worker that runs the job loses its lease and kills the child process.

    Args:
        job_id: The job.
        notice: Published if the job is cancelled by this.

    Raises:
        NotFound: No such job.
    """
    with transaction():
        before = _cancel(job_id)
        if before in OPEN:
            _publish(notice, job_id)
            _update_chain(job_id)
        return before


def _cancel(job_id: int) -> JobStatus:
    while (before := _status(job_id)) in OPEN:
        stopped = (
            Job.update(
                status=JobStatus.CANCELLED.value,
                token=Job.token + 1,
                lease_until=None,
                completed_at=now_ms(),
                error_message="cancelled",
                seq=next_seq(),
            )
            # It may have ended meanwhile: what it has published must not be undone.
            .where(Job.id == job_id, Job.status == before.value)
            .execute()
        )
        if stopped:
            training_report.follow(job_id)
            break
    return before


def cancel_open(machine_id: str, chain: str) -> list[int]:
    """Cancel every job of a machine's chain that waits or runs; call inside a transaction.

    The caller has to update the chain's status, which appending an event does.

    Returns:
        The cancelled jobs.

    Raises:
        NotFound: No such machine.
    """
    if not is_sqlite():
        # One caller at a time. Not FOR UPDATE: that would block the insert of an event in a
        # transaction that may hold a job to be cancelled here.
        execute(_HOLD_MACHINE, machine=machine_id)
    if not Machine.select().where(Machine.machine_id == machine_id).exists():
        raise NotFound(f"no machine '{machine_id}'", kind="machine")
    stopped: list[int] = []
    # A job that ended while this waited for it has created the next one: look again.
    while waiting := _open_jobs(machine_id, chain):
        stopped += [job_id for job_id in waiting if _cancel(job_id) in OPEN]
    return stopped


def retry(job_id: int, notice: Notice | None = None) -> Dispatch | None:
    """Make a failed or cancelled job pending again; None if it is neither.

    Args:
        job_id: The job.
        notice: Published if the job is retried by this.

    Raises:
        NotFound: No such job.
    """
    with transaction():
        _status(job_id)  # Raises if there is no such job.
        started = _start_afresh(job_id, (JobStatus.FAILED, JobStatus.CANCELLED))
        if started is not None:
            _publish(notice, job_id)
            _update_chain(job_id)
        return started


def retry_failed(machine_id: str | None = None, notice: Notice | None = None) -> list[Dispatch]:
    """Make every failed job pending again, or those of one machine; all of them or none.

    Args:
        machine_id: The machine.
        notice: Published for each job that is retried.
    """
    with transaction():
        failed = (
            Job.select(Job.id, Job.machine, Job.chain)
            .where(Job.status == JobStatus.FAILED.value)
            .order_by(Job.id)
        )
        if machine_id is not None:
            failed = failed.where(Job.machine == machine_id)
        rows = list(failed)
        tried = [_start_afresh(job.id, (JobStatus.FAILED,)) for job in rows]
        started = [job for job in tried if job is not None]
        for job in started:
            _publish(notice, job.job_id)
        for key in sorted({(str(job.machine), str(job.chain)) for job in rows}):
            chain_status.update(*key)
        return started


def delete_machine(machine_id: str) -> list[str]:
    """Delete a machine's rows: its events, jobs, artifacts and reports.

    A running job loses its lease with its row.

    Returns:
        The keys of its files; the caller removes the files.

    Raises:
        NotFound: No such machine.
    """
    with transaction():
        rows = Artifact.select(Artifact.key).where(Artifact.machine == machine_id).distinct()
        keys = [row.key for row in rows]
        if not Machine.delete().where(Machine.machine_id == machine_id).execute():
            raise NotFound(f"no machine '{machine_id}'", kind="machine")
        return keys


def remove_machine(machine_id: str, store: ArtifactStore) -> list[str]:
    """Delete a machine's rows, then its files.

    Returns:
        The keys of the files that were published.

    Raises:
        NotFound: No such machine.
        OSError: The store does not answer; the rows are deleted.
    """
    keys = delete_machine(machine_id)
    for key in keys:
        store.delete(key)
    store.delete_staged(f"{STAGING}/{machine_id}")
    return keys


def _start_afresh(job_id: int, ended: Sequence[JobStatus]) -> Dispatch | None:
    """Make a job pending again if it has one of these statuses; otherwise return None."""
    started = (
        Job.update(
            status=JobStatus.PENDING.value,
            attempts=0,
            crashes=0,
            progress=0,
            epoch=None,
            loss=None,
            message="",
            error_message=None,
            due_at=now_ms(),
            dispatched_at=now_ms(),
            completed_at=None,
            overdue_event_id=None,
            seq=next_seq(),
        )
        .where(Job.id == job_id, Job.status.in_([status.value for status in ended]))
        .execute()
    )
    if not started:
        return None
    job = Job.get_by_id(job_id)
    training_report.follow(job_id)
    return Dispatch(job_id, job.queue)


def _publish(notice: Notice | None, job_id: int) -> None:
    """Publish a notice about a job; it comes before the update of the chain, which is the last."""
    if notice is not None:
        append(notice(Job.get_by_id(job_id)))


def _update_chain(job_id: int) -> None:
    job = Job.get_by_id(job_id)
    chain_status.update(str(job.machine), job.chain)


def _open_jobs(machine_id: str, chain: str) -> list[int]:
    rows = Job.select(Job.id).where(
        Job.machine == machine_id,
        Job.chain == chain,
        Job.status.in_([status.value for status in OPEN]),
    )
    return [job.id for job in rows]


def _status(job_id: int) -> JobStatus:
    job = Job.get_or_none(Job.id == job_id)
    if job is None:
        raise NotFound(f"no job {job_id}", kind="job")
    return JobStatus(job.status)


_HOLD_MACHINE = "SELECT machine_id FROM machines WHERE machine_id = :machine FOR NO KEY UPDATE"
