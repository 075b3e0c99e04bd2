"""A job's life in the ledger, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Callable

import peewee
import pytest

from errors import StaleLease
from storage.artifacts import registry
from storage.artifacts.staging import StagedArtifact
from storage.database import clock_ms, database, transaction
from storage.ledger import claims as claims_module
from storage.ledger import leases
from storage.ledger.claims import Claim
from storage.ledger.leases import MAX_ATTEMPTS, MAX_CRASHES
from storage.queries import events
from storage.queries import jobs as job_queries
from storage.tables import Artifact, Job, TrainingJob
from tests.integration.conftest import add_event, add_job, add_machine, failed, finished

pytestmark = pytest.mark.usefixtures("ledger")

STAGED = StagedArtifact("GAN/x.parquet", ".staged/pump_1/1.1/GAN/x.parquet", "a" * 64, 3)


def claimed(job_id: int, lease_seconds: float = 30) -> Claim:
    claim = claims_module.claim(job_id, "worker-1", lease_seconds)
    assert claim is not None
    return claim


def make_due(job_id: int) -> None:
    with transaction():
        Job.update(due_at=0).where(Job.id == job_id).execute()


def lose_lease(job_id: int) -> None:
    with transaction():
        Job.update(lease_until=1).where(Job.id == job_id).execute()


def test_an_event_leaves_a_pending_job_for_each_stage_that_reacts() -> None:
    add_machine()
    written = add_event(stages=["generate_seed", "mirror"])
    assert [job.stage for job in job_queries.jobs()] == ["mirror", "generate_seed"]
    assert {job.job_id for job in written.jobs} == {job.id for job in job_queries.jobs()}
    assert all(job.status == "pending" for job in job_queries.jobs())


def test_an_event_published_twice_under_one_key_counts_once() -> None:
    add_machine()
    add_event(key="MachineCreated:pump_1")
    again = add_event(key="MachineCreated:pump_1")
    assert again.event_id is None
    assert len(events.events()) == len(job_queries.jobs()) == 1


def test_nothing_of_an_event_is_written_when_one_part_fails() -> None:
    with pytest.raises(peewee.IntegrityError):
        add_event(machine_id="no_such_machine")
    assert events.events() == []
    assert job_queries.jobs() == []


def test_a_job_is_claimed_once_however_often_it_is_delivered() -> None:
    job_id = add_job()
    claims: list[Claim | None] = []
    barrier = threading.Barrier(8)

    def claim() -> None:
        barrier.wait()
        claims.append(claims_module.claim(job_id, threading.current_thread().name, 30))
        database.close()

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claims) == 8
    assert len([claim for claim in claims if claim]) == 1


def test_a_job_that_is_not_due_yet_is_not_claimed() -> None:
    job_id = add_job()
    leases.fail(claimed(job_id), "disk full", failed(), retryable=True)
    assert claims_module.claim(job_id, "worker-1", 30) is None
    make_due(job_id)
    assert claimed(job_id).attempts == 1


def test_completing_writes_status_artifacts_event_and_next_job_together() -> None:
    job_id = add_job()
    written = leases.complete(claimed(job_id), finished(), [STAGED])
    assert job_queries.job(job_id).status == "success"
    assert job_queries.job(job_id).progress == 100
    assert [event.type for event in events.events()] == ["MachineCreated", "SeedReady"]
    assert [file.key for file in registry.of_job(job_id)] == ["GAN/x.parquet"]
    assert [job.queue for job in written.jobs] == ["q"]


def test_a_completion_that_fails_half_way_leaves_the_job_running() -> None:
    job_id = add_job()
    claim = claimed(job_id)
    too_long = StagedArtifact("GAN/x", "s", "a" * 64, None)  # type: ignore[arg-type]
    with pytest.raises(peewee.IntegrityError):
        leases.complete(claim, finished(), [STAGED, too_long])
    assert job_queries.job(job_id).status == "running"
    assert registry.of_job(job_id) == []
    assert len(events.events()) == 1


WRITES: dict[str, Callable[[Claim], object]] = {
    "renew": lambda claim: leases.renew(claim, 30),
    "progress": lambda claim: leases.report_progress(claim, 50, "still here"),
    "complete": lambda claim: leases.complete(claim, finished(), [STAGED]),
    "conclude": lambda claim: leases.conclude_failed(claim, "x", failed(), [STAGED]),
    "fail": lambda claim: leases.fail(claim, "x", failed(), retryable=False),
    "crash": lambda claim: leases.crash(claim, "x", failed()),
    "release": leases.release,
}


@pytest.mark.parametrize("write", WRITES)
def test_a_worker_that_lost_its_lease_writes_nothing(write: str) -> None:
    job_id = add_job()
    zombie = claimed(job_id)
    lose_lease(job_id)
    leases.crash(zombie, "silent", failed(), lease_expired=True)
    make_due(job_id)
    current = claimed(job_id)
    before = job_queries.job(job_id), events.events(), list(Artifact.select().dicts())
    with pytest.raises(StaleLease):
        WRITES[write](zombie)
    assert before == (job_queries.job(job_id), events.events(), list(Artifact.select().dicts()))
    leases.complete(current, finished(), [])
    assert job_queries.job(job_id).status == "success"


def test_a_failing_job_is_tried_again_later_and_later_then_fails_for_good() -> None:
    job_id = add_job()
    pauses = []
    for attempt in range(1, MAX_ATTEMPTS):
        claim = claimed(job_id)
        assert leases.fail(claim, "disk full", failed(), retryable=True).event_id is None
        job = job_queries.job(job_id)
        assert (job.status, job.attempts, job.crashes) == ("pending", attempt, 0)
        pauses.append(job.due_at - clock_ms())
        make_due(job_id)
    assert pauses == sorted(pauses)
    assert pauses[0] > 0
    leases.fail(claimed(job_id), "disk full", failed(), retryable=True)
    assert job_queries.job(job_id).status == "failed"
    assert events.events()[-1].type == "StageFailed"


def test_an_error_that_will_not_go_away_is_not_tried_again() -> None:
    job_id = add_job()
    leases.fail(claimed(job_id), "no such file", failed(), retryable=False)
    assert job_queries.job(job_id).status == "failed"
    assert job_queries.job(job_id).error_message == "no such file"


def test_a_job_that_keeps_killing_its_process_is_quarantined() -> None:
    job_id = add_job()
    for _ in range(MAX_CRASHES):
        assert job_queries.job(job_id).status == "pending"
        make_due(job_id)
        leases.crash(claimed(job_id), "ended by SIGSEGV", failed())
    job = job_queries.job(job_id)
    assert (job.status, job.crashes, job.attempts) == ("failed", MAX_CRASHES, 0)
    assert job.error_message == "quarantined after 3 crashes: ended by SIGSEGV"


def test_an_expired_lease_is_found_and_a_live_one_is_not() -> None:
    add_machine()
    jobs = [add_event().jobs[0].job_id for _ in range(2)]
    claimed(jobs[0])
    silent = claimed(jobs[1])
    lose_lease(jobs[1])
    assert claims_module.expired() == [silent]


def test_a_worker_that_woke_up_and_renewed_is_not_rescued_any_more() -> None:
    job_id = add_job()
    claim = claimed(job_id)
    lose_lease(job_id)
    (found,) = claims_module.expired()
    leases.renew(claim, 30)
    with pytest.raises(StaleLease):
        leases.crash(found, "silent", failed(), lease_expired=True)
    assert job_queries.job(job_id).status == "running"


def test_a_released_job_is_pending_at_once_and_has_spent_no_attempt() -> None:
    job_id = add_job()
    dispatch = leases.release(claimed(job_id))
    assert dispatch.job_id == job_id
    assert claimed(job_id).attempts == 0


def test_foreign_keys_are_enforced() -> None:
    with pytest.raises(peewee.IntegrityError), transaction():
        TrainingJob.insert(
            machine="ghost", task=1, status="pending", progress=0, created_at=0
        ).execute()


def test_a_status_outside_the_state_machine_is_refused() -> None:
    job_id = add_job()
    with pytest.raises(peewee.IntegrityError), transaction():
        Job.update(status="stuck").where(Job.id == job_id).execute()
