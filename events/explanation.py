"""A diagnosis in words: the state of a machine's onboarding, what it waits for, what to do."""

from __future__ import annotations

from dataclasses import dataclass

from storage.ledger.leases import MAX_ATTEMPTS, MAX_CRASHES
from storage.ledger.queues import QueueState
from storage.queries.diagnosis import Cause, Diagnosis
from storage.queries.jobs import JobRow


@dataclass(frozen=True)
class Explanation:
    """An answer to "why is my machine not finished?".

    Attributes:
        state: The state of the chain, in one line.
        since: Start of this state, ms since 1970.
        waits_for: What has to happen next; may be empty.
        advice: What the user can do; may be empty.
        waited_seconds: How long an overdue job has run, or could have; None if it is not overdue.
        expected_seconds: Expected time, from earlier runs of its stage.
    """

    machine_id: str
    stage: str | None
    status: str
    state: str
    since: int
    waits_for: str
    advice: str
    waited_seconds: int | None = None
    expected_seconds: int | None = None


def explain(diagnosis: Diagnosis) -> Explanation:
    """Put a diagnosis into words."""
    machine = diagnosis.machine
    if diagnosis.job is None:
        state, waits_for, advice = _without_job(machine.machine_id, diagnosis.cause)
    elif diagnosis.queue is not None:
        state, waits_for, advice = _pending(diagnosis, diagnosis.job, diagnosis.queue)
    elif diagnosis.cause in _RUNNING:
        state, waits_for, advice = _running(diagnosis, diagnosis.job)
    else:
        state, waits_for, advice = _ended(diagnosis, diagnosis.job)
    overdue = "" if diagnosis.waited_seconds is None else "; overdue"
    return Explanation(
        machine_id=machine.machine_id,
        stage=machine.stage,
        status=machine.status,
        state=f"{state}{overdue}",
        since=machine.since,
        waits_for=waits_for,
        advice=advice,
        waited_seconds=diagnosis.waited_seconds,
        expected_seconds=diagnosis.expected_seconds,
    )


_RUNNING = (Cause.RUNNING, Cause.WORKER_SILENT, Cause.LEASE_EXPIRED)


def _without_job(machine_id: str, cause: Cause) -> tuple[str, str, str]:
    if cause is Cause.NO_STAGE_REACTS:
        return "no stage reacts to its events", "", ""
    start = f"fleetforge publish SeedRequested --machine {machine_id}"
    return "registered, and nothing was started", "a request", f"start it: {start}"


def _pending(diagnosis: Diagnosis, job: JobRow, queue: QueueState) -> tuple[str, str, str]:
    if diagnosis.cause is Cause.RETRY_PAUSE:
        failed = f"{job.stage} failed ({job.error_message})"
        state = f"{failed}; {_tries(job)} in {diagnosis.seconds:.0f} s"
        return state, "the pause before the next try", ""
    match diagnosis.cause:
        case Cause.QUEUE_PAUSED:
            waits_for = f"queue '{queue.name}' is paused"
            advice = f"fleetforge queues resume {queue.name}"
        case Cause.NO_WORKER:
            waits_for = f"a worker on queue '{queue.name}': none is alive"
            advice = "start one: fleetforge up, or fleetforge worker"
        case Cause.BROKER_AWAY:
            waits_for = "the broker: it does not answer"
            advice = "the job is recorded and is sent once it answers; see: fleetforge doctor"
        case Cause.QUEUE_FULL:
            limit = f"its limit is {queue.concurrency}, {queue.running} running"
            waits_for = f"queue '{queue.name}': {limit}"
            advice = f"let more run at once: fleetforge queues limit {queue.name} none"
        case _:
            waits_for = (
                f"a free worker on queue '{queue.name}': {diagnosis.serving} alive, "
                f"{queue.running} busy"
            )
            advice = ""
    return f"{job.stage} is ready to run", waits_for, advice


def _running(diagnosis: Diagnosis, job: JobRow) -> tuple[str, str, str]:
    advice = "" if diagnosis.alive else "no worker is alive; start one: fleetforge up"
    match diagnosis.cause:
        case Cause.LEASE_EXPIRED:
            expired = f"the lease of worker {job.worker} expired {-diagnosis.seconds:.0f} s ago"
            return f"{job.stage}: {expired}", "a steward to take the job back", advice
        case Cause.WORKER_SILENT:
            waits_for = f"its lease to end in {diagnosis.seconds:.0f} s, then it runs elsewhere"
            return f"{job.stage}: worker {job.worker} is silent", waits_for, advice
    state = f"{job.stage} is running on {job.worker}, {job.progress} %"
    return f"{state}: {job.message}" if job.message else state, "the stage to finish", ""


def _ended(diagnosis: Diagnosis, job: JobRow) -> tuple[str, str, str]:
    machine_id = job.machine_id
    failed = f"{job.stage} failed: {job.error_message}"
    again = f"try again: fleetforge jobs retry {job.id}"
    match diagnosis.cause:
        case Cause.ONBOARDED:
            advice = f"see: fleetforge machines show {machine_id}"
            return "onboarded: the synthetic data are finished", "", advice
        case Cause.NOTHING_FOLLOWS:
            return f"{job.stage} is done and nothing follows it", "", ""
        case Cause.CANCELLED:
            return f"{job.stage} was cancelled", "a decision", again
        case Cause.REJECTED:
            more = """--data '{"epochs": 1000}'"""
            longer = f"fleetforge publish TrainingRequested --machine {machine_id} {more}"
            return failed, "a decision", f"train longer: {longer}, or correct the profile"
    return failed, "a decision", again


def _tries(job: JobRow) -> str:
    if not job.crashes and not job.attempts:
        return "next try"  # Postponed, for example because the artifact store was away.
    if job.crashes and not job.attempts:
        return f"crash {job.crashes} of {MAX_CRASHES}, next try"
    return f"retry {job.attempts} of {MAX_ATTEMPTS - 1}"
