"""Why a machine's onboarding is where it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from storage import database
from storage.ledger import queues, workers
from storage.ledger.queues import QueueState
from storage.queries import events, jobs, lineage, machines
from storage.queries.jobs import JobRow
from storage.queries.machines import MachineState
from storage.status import JobStatus, MachineStatus


class Cause(Enum):
    """What a machine's onboarding waits for, or how it ended."""

    NOT_STARTED = auto()
    NO_STAGE_REACTS = auto()
    RETRY_PAUSE = auto()
    QUEUE_PAUSED = auto()
    NO_WORKER = auto()
    BROKER_AWAY = auto()
    QUEUE_FULL = auto()
    FREE_WORKER = auto()
    RUNNING = auto()
    WORKER_SILENT = auto()
    LEASE_EXPIRED = auto()
    CANCELLED = auto()
    REJECTED = auto()
    FAILED = auto()
    NOTHING_FOLLOWS = auto()
    ONBOARDED = auto()


@dataclass(frozen=True)
class Diagnosis:
    """The cause and the data that it was derived from.

    Attributes:
        job: The job that the machine's status comes from; None before the first.
        seconds: Until the job is due again or its lease ends; negative once that has passed.
        queue: The queue that the job waits in.
        serving: Workers that serve this queue.
        alive: Whether any worker is alive.
        waited_seconds: How long an overdue job has run, or could have; None if it is not overdue.
        expected_seconds: Expected time, from earlier runs of its stage.
    """

    machine: MachineState
    cause: Cause
    job: JobRow | None = None
    seconds: float = 0.0
    queue: QueueState | None = None
    serving: int = 0
    alive: bool = True
    waited_seconds: int | None = None
    expected_seconds: int | None = None


def diagnose(machine_id: str, broker_answers: Callable[[], bool]) -> Diagnosis:
    """Explain a machine's status.

    Args:
        machine_id: The machine.
        broker_answers: Called only if the broker may be the cause.

    Raises:
        NotFound: No such machine.
    """
    machine = machines.machine(machine_id)
    if machine.job_id is None:
        begun = events.events(machine_id=machine_id, limit=1)
        return Diagnosis(machine, Cause.NO_STAGE_REACTS if begun else Cause.NOT_STARTED)
    job = jobs.job(machine.job_id)
    waited, expected = _overdue(machine, job)
    if machine.status is MachineStatus.ONBOARDED:
        return Diagnosis(machine, Cause.ONBOARDED, job)
    if job.status is JobStatus.PENDING:
        cause, seconds, queue, serving = _pending(job, broker_answers)
        return Diagnosis(
            machine,
            cause,
            job,
            seconds,
            queue,
            serving,
            waited_seconds=waited,
            expected_seconds=expected,
        )
    if job.status is JobStatus.RUNNING:
        alive = {worker.id for worker in workers.alive()}
        cause, seconds = _running(job, alive)
        return Diagnosis(
            machine,
            cause,
            job,
            seconds,
            alive=bool(alive),
            waited_seconds=waited,
            expected_seconds=expected,
        )
    return Diagnosis(machine, _ended(machine, job), job)


def _overdue(machine: MachineState, job: JobRow) -> tuple[int | None, int | None]:
    if not machine.overdue or job.overdue_event_id is None:
        return None, None
    notice = events.event(job.overdue_event_id)
    since_then = (database.clock_ms() - notice.occurred_at) / 1000
    return round(notice.payload["waited_seconds"] + since_then), notice.payload["expected_seconds"]


def _pending(
    job: JobRow, broker_answers: Callable[[], bool]
) -> tuple[Cause, float, QueueState, int]:
    queue = queues.states().get(job.queue, QueueState(job.queue))
    serving = sum(job.queue in worker.queues for worker in workers.alive())
    due_in = (job.due_at - database.clock_ms()) / 1000
    if due_in > 0:
        cause = Cause.RETRY_PAUSE
    elif queue.paused_at is not None:
        cause = Cause.QUEUE_PAUSED
    elif not serving:
        cause = Cause.NO_WORKER
    elif not broker_answers():
        cause = Cause.BROKER_AWAY
    elif queue.room == 0:
        cause = Cause.QUEUE_FULL
    else:
        cause = Cause.FREE_WORKER
    return cause, due_in, queue, serving


def _running(job: JobRow, alive: set[str]) -> tuple[Cause, float]:
    lease_left = ((job.lease_until or 0) - database.clock_ms()) / 1000
    if lease_left < 0:
        return Cause.LEASE_EXPIRED, lease_left
    return Cause.RUNNING if job.worker in alive else Cause.WORKER_SILENT, lease_left


def _ended(machine: MachineState, job: JobRow) -> Cause:
    if job.status is JobStatus.CANCELLED:
        return Cause.CANCELLED
    if machine.status is not MachineStatus.FAILED:
        return Cause.NOTHING_FOLLOWS
    outcome = lineage.outcome(job.id)
    judged = {} if outcome is None else outcome.payload
    # Only an assessment names its model; early versions gave a score alone.
    is_rejected = any(judged.get(name) is not None for name in ("model_key", "quality_score"))
    return Cause.REJECTED if is_rejected else Cause.FAILED
