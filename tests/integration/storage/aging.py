"""Jobs in the hands of a worker, and their times put back, as if all had been long ago."""

from __future__ import annotations

from storage.database import after, transaction
from storage.ledger import claims, leases, workers
from storage.ledger.claims import Claim
from storage.ledger.event_log import NewEvent
from storage.operations.overdue import FEWEST_RUNS
from storage.tables import Job
from tests.integration.conftest import add_event, add_machine, record


def beat(worker_id: str = "w1", *served: str) -> None:
    """A worker is heard of."""
    workers.beat(worker_id, "plant-7", 4711, list(served or ("default",)))


def claimed(job_id: int) -> Claim:
    """A pending job, taken by worker w1 whatever pause it has to keep."""
    with transaction():
        Job.update(due_at=after(-1)).where(Job.id == job_id, Job.due_at > after(-1)).execute()
    taken = claims.claim(job_id, "w1", 30)
    assert taken is not None
    return taken


def put_back(job_id: int, **times: float) -> None:
    """Set times of a job, seconds from now."""
    with transaction():
        Job.update({name: after(seconds) for name, seconds in times.items()}).where(
            Job.id == job_id
        ).execute()


def ended(event_type: str, machine_id: str = "pump_1", **payload: object) -> NewEvent:
    """What a chain ends with."""
    return record(event_type, machine_id, payload, "c" * 32)


def earlier_runs(seconds: float) -> None:
    """Enough runs of another machine's first stage to know how long it takes."""
    add_machine("pump_0")
    for _ in range(FEWEST_RUNS):
        (job,) = add_event(machine_id="pump_0").jobs
        leases.complete(claimed(job.job_id), ended("MachineOnboarded", "pump_0"), [])
        put_back(job.job_id, started_at=-3600 - seconds, completed_at=-3600)
