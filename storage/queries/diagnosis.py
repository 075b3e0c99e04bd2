"""Why a machine stands where it stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from storage import database
from storage.ledger import queues, workers
from storage.ledger.leases import MAX_ATTEMPTS, MAX_CRASHES
from storage.ledger.queues import QueueStanding
from storage.queries import events as event_queries
from storage.queries import jobs, machines


@dataclass(frozen=True)
class Diagnosis:
    """An answer to "why is my machine not finished?".

    Attributes:
        state: One line: where the chain stands.
        since: When it came to stand there, ms since 1970.
        waits_for: What has to happen next; empty when nothing has to.
        advice: What the user can do; empty when there is nothing to do.
        waited_seconds: How long an overdue job has run, or could have; None if it is not overdue.
        expected_seconds: Within which it was expected, from earlier runs of its stage.
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


def diagnose(machine_id: str, broker_answers: Callable[[], bool]) -> Diagnosis:
    """Explain a machine's standing.

    Args:
        machine_id: The machine.
        broker_answers: Asked only when it is the broker's turn.

    Raises:
        NotFound: No such machine.
    """
    where = machines.machine(machine_id)
    job = jobs.job(where.job_id) if where.job_id is not None else None
    if job is None:
        state, waits_for, advice = _not_begun(machine_id)
    elif where.status == "onboarded":
        state = "onboarded: the synthetic data are finished"
        waits_for, advice = "", f"see: fleetforge machines show {machine_id}"
    elif job["status"] == "pending":
        state, waits_for, advice = _pending(job, broker_answers)
    elif job["status"] == "running":
        state, waits_for, advice = _running(job)
    elif job["status"] == "success" and where.status == "failed":
        state, waits_for, advice = _failed_beside(machine_id)
    elif job["status"] == "success":
        state, waits_for, advice = f"{job['stage']} is done and nothing follows it", "", ""
    else:
        state, waits_for, advice = _ended(job)
    answer = Diagnosis(machine_id, where.stage, where.status, state, where.since, waits_for, advice)
    news = event_queries.overdue_news(where.job_id) if where.job_id and where.overdue else None
    return _overdue(answer, news) if news else answer


def _not_begun(machine_id: str) -> tuple[str, str, str]:
    if event_queries.correlation_of(machine_id) is not None:
        return "no stage has reacted to it", "", ""
    start = f"fleetforge publish MachineCreated --machine {machine_id}"
    return "registered, and nothing was started", "somebody to start it", f"start it: {start}"


def _overdue(answer: Diagnosis, news: dict[str, Any]) -> Diagnosis:
    since_then = (database.clock_ms() - news["occurred_at"]) / 1000
    return replace(
        answer,
        state=f"{answer.state}; overdue",
        waited_seconds=round(news["payload"]["waited_seconds"] + since_then),
        expected_seconds=news["payload"]["expected_seconds"],
    )


def _pending(job: dict[str, object], broker_answers: Callable[[], bool]) -> tuple[str, str, str]:
    due_in = (int(str(job["due_at"])) - database.clock_ms()) / 1000
    if due_in > 0:
        return (
            f"{job['stage']} failed ({job['error_message']}); {_tries(job)} in {due_in:.0f} s",
            "the pause before the next try",
            "",
        )
    name = str(job["queue"])
    queue = queues.standings().get(name, QueueStanding(name))
    serving = [worker for worker in workers.alive() if name in worker["queues"].split(",")]
    waits_for, advice = f"a free worker on queue '{name}': {len(serving)} alive", ""
    if queue.paused_at is not None:
        waits_for, advice = f"queue '{name}' is paused", f"fleetforge queues resume {name}"
    elif not serving:
        waits_for = f"a worker on queue '{name}': none is alive"
        advice = "start one: fleetforge up, or fleetforge worker"
    elif not broker_answers():
        waits_for = "the broker: it does not answer"
        advice = "the job is safe and is sent once it does; see: fleetforge doctor"
    elif queue.room == 0:
        waits_for = f"queue '{name}': its limit is {queue.concurrency}, {queue.running} running"
        advice = f"let more run at once: fleetforge queues limit {name} none"
    else:
        waits_for += f", {queue.running} busy"
    return f"{job['stage']} is ready to run", waits_for, advice


def _running(job: dict[str, object]) -> tuple[str, str, str]:
    stage, worker = job["stage"], job["worker"]
    alive = {row["id"] for row in workers.alive()}
    lease_left = (int(str(job["lease_until"])) - database.clock_ms()) / 1000
    advice = "" if alive else "no worker is alive; start one: fleetforge up"
    if lease_left < 0:
        state = f"{stage}: the lease of worker {worker} expired {-lease_left:.0f} s ago"
        return state, "a steward to take the job back", advice
    if worker not in alive:
        state = f"{stage}: worker {worker} is not heard of any more"
        return state, f"its lease to end in {lease_left:.0f} s, then it runs elsewhere", advice
    state = f"{stage} is running on {worker}, {job['progress']} %"
    return f"{state}: {job['message']}" if job["message"] else state, "it to finish", ""


def _ended(job: dict[str, object]) -> tuple[str, str, str]:
    machine_id = str(job["machine_id"])
    advice = f"try again: fleetforge jobs retry {job['id']}"
    if job["status"] == "cancelled":
        return f"{job['stage']} was cancelled", "somebody to decide", advice
    if _judged_too_poor(job):
        more = """--data '{"epochs": 1000}'"""
        longer = f"fleetforge publish RetrainRequested --machine {machine_id} {more}"
        advice = f"train longer: {longer}, or mend the profile"
    return f"{job['stage']} failed: {job['error_message']}", "somebody to decide", advice


def _judged_too_poor(job: dict[str, object]) -> bool:
    """Whether a failed job ended so by what it found out, the score of the data."""
    for failure in _failures(str(job["machine_id"])):
        if failure["causation_id"] == job["event_id"]:
            return failure["payload"].get("quality_score") is not None
    return False


def _failed_beside(machine_id: str) -> tuple[str, str, str]:
    """A machine may have several chains: the newest is done, and another failed after that."""
    failure = _failures(machine_id)[0]["payload"]
    state = f"{failure['stage']} failed: {failure['reason']}"
    return state, "somebody to decide", f"see: fleetforge jobs --machine {machine_id}"


def _failures(machine_id: str) -> list[dict[str, Any]]:
    """The machine's StageFailed events, newest first."""
    events = event_queries.events(machine_id=machine_id)
    return [event for event in reversed(events) if event["type"] == "StageFailed"]


def _tries(job: dict[str, object]) -> str:
    attempts, crashes = int(str(job["attempts"])), int(str(job["crashes"]))
    if crashes and not attempts:
        return f"crash {crashes} of {MAX_CRASHES}, next try"
    return f"retry {attempts} of {MAX_ATTEMPTS - 1}"
