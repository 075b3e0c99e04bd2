"""Why a machine stands where it stands, from the ledger alone."""

from __future__ import annotations

from dataclasses import dataclass

from storage import standing, workers
from storage.ledger import MAX_ATTEMPTS, MAX_CRASHES


@dataclass(frozen=True)
class Diagnosis:
    """An answer to "why is my machine not finished?".

    Attributes:
        state: One line: where the chain stands.
        since: When it came to stand there, ms since 1970.
        waits_for: What has to happen next; empty when nothing has to.
        advice: What the user can do; empty when there is nothing to do.
    """

    machine_id: str
    stage: str | None
    status: str
    state: str
    since: int
    waits_for: str
    advice: str


def diagnose(machine_id: str) -> Diagnosis:
    """Explain a machine's standing.

    Raises:
        NotFound: No such machine.
    """
    where = standing.machine(machine_id)
    job = standing.job(where.job_id) if where.job_id is not None else None
    if job is None:
        state, waits_for, advice = "no stage has reacted to it", "", ""
    elif where.status == "onboarded":
        state = "onboarded: the synthetic data are finished"
        waits_for, advice = "", f"see: fleetforge machines show {machine_id}"
    elif job["status"] == "pending":
        state, waits_for, advice = _pending(job)
    elif job["status"] == "running":
        state, waits_for, advice = _running(job)
    elif job["status"] == "success":
        state, waits_for, advice = f"{job['stage']} is done and nothing follows it", "", ""
    else:
        state, waits_for, advice = _ended(job)
    return Diagnosis(machine_id, where.stage, where.status, state, where.since, waits_for, advice)


def _pending(job: dict[str, object]) -> tuple[str, str, str]:
    now = standing.clock_ms()
    due_in = (int(str(job["due_at"])) - now) / 1000
    tries = _tries(job)
    if due_in > 0:
        return (
            f"{job['stage']} failed ({job['error_message']}); {tries} in {due_in:.0f} s",
            "the pause before the next try",
            "",
        )
    queue = str(job["queue"])
    serving = [worker for worker in workers.alive() if queue in worker["queues"].split(",")]
    if not serving:
        return (
            f"{job['stage']} is ready to run",
            f"a worker on queue '{queue}': none is alive",
            "start one: fleetforge up, or fleetforge worker",
        )
    ahead = sum(
        other["status"] == "running" and other["queue"] == queue
        for other in standing.jobs(status="running")
    )
    return (
        f"{job['stage']} is ready to run",
        f"a free worker on queue '{queue}': {len(serving)} alive, {ahead} busy",
        "",
    )


def _running(job: dict[str, object]) -> tuple[str, str, str]:
    late = (standing.clock_ms() - int(str(job["lease_until"]))) / 1000
    if late > 0:
        alive = bool(workers.alive())
        return (
            f"{job['stage']}: the lease of worker {job['worker']} expired {late:.0f} s ago",
            "a steward to take the job back",
            "" if alive else "no worker is alive; start one: fleetforge up",
        )
    state = f"{job['stage']} is running on {job['worker']}, {job['progress']} %"
    return f"{state}: {job['message']}" if job["message"] else state, "it to finish", ""


def _ended(job: dict[str, object]) -> tuple[str, str, str]:
    state = f"{job['stage']} {job['status']}: {job['error_message']}"
    machine_id = str(job["machine_id"])
    last = standing.events(machine_id=machine_id, limit=1)[-1]
    if last["type"] == "StageFailed" and last["payload"]["quality_score"] is not None:
        more = """--data '{"epochs": 1000}'"""
        advice = f"fleetforge publish RetrainRequested --machine {machine_id} {more}"
        return state, "somebody to decide", f"train longer: {advice}, or mend the profile"
    return state, "somebody to decide", f"try again: fleetforge jobs retry {job['id']}"


def _tries(job: dict[str, object]) -> str:
    attempts, crashes = int(str(job["attempts"])), int(str(job["crashes"]))
    if crashes and not attempts:
        return f"crash {crashes} of {MAX_CRASHES}, next try"
    return f"retry {attempts} of {MAX_ATTEMPTS - 1}"
