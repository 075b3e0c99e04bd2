"""What is sent, sent again and rescued, on both databases."""

from __future__ import annotations

import threading

import pytest

from storage.database import database, transaction
from storage.ledger import claims, leases, outbox, queues
from storage.queries import jobs as job_queries
from storage.queries import machines
from storage.tables import Job, Queue
from tests.integration.conftest import add_event, add_job, add_machine, failed, finished

pytestmark = pytest.mark.usefixtures("ledger")


def unsent() -> list[int]:
    """Takes what a steward would send now."""
    return [job.job_id for job in outbox.take_unsent(queues.states())]


def several_jobs(count: int, queue: str = "default") -> list[int]:
    """Jobs of one machine that were not sent."""
    if machines.profile_of("pump_1") is None:
        add_machine()
    jobs = [add_event(stages=[f"stage_{n}"], queue=queue).jobs[0].job_id for n in range(count)]
    outbox.not_sent(jobs)
    return jobs


def test_the_writer_of_a_job_sends_it_and_stewards_do_not() -> None:
    add_job()
    assert unsent() == []


def test_a_job_that_could_not_be_sent_is_taken_by_one_steward_once() -> None:
    job_id = add_job()
    outbox.not_sent([job_id])
    assert unsent() == [job_id]
    assert unsent() == []


def test_stewards_that_look_at_once_send_each_job_once() -> None:
    jobs = several_jobs(40)
    taken: list[int] = []
    barrier = threading.Barrier(4)

    def look() -> None:
        barrier.wait()
        taken.extend(unsent())
        database.close()

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == jobs


def test_when_the_broker_lost_everything_every_pending_job_is_unsent() -> None:
    job_id = add_job()
    outbox.forget_deliveries()
    assert unsent() == [job_id]


def test_a_job_that_failed_is_sent_when_it_is_due_and_not_before() -> None:
    job_id = add_job()
    claim = claims.claim(job_id, "w", 30)
    assert claim is not None
    leases.fail(claim, "boom", failed(), retryable=True)
    assert unsent() == []
    ahead = outbox.seconds_to_next()
    assert ahead is not None
    assert 1 < ahead <= leases.BACKOFF_SECONDS * 1.2
    with transaction():
        Job.update(due_at=1).execute()
    assert unsent() == [job_id]


def test_the_next_thing_to_do_is_the_end_of_the_shortest_lease() -> None:
    assert outbox.seconds_to_next() is None
    first, second = several_jobs(2)
    claims.claim(first, "w", 100)
    claims.claim(second, "w", 50)
    ahead = outbox.seconds_to_next()
    assert ahead is not None
    assert 45 < ahead <= 50


def test_a_delivery_that_was_not_claimed_is_overdue_after_a_while() -> None:
    job_id = add_job()
    assert outbox.overdue_deliveries("default", 60, 10) == []
    with transaction():
        Job.update(dispatched_at=1).execute()
    assert [job.job_id for job in outbox.overdue_deliveries("default", 60, 10)] == [job_id]
    outbox.sent_again([job_id])
    assert outbox.overdue_deliveries("default", 60, 10) == []


class TestQueues:
    def test_a_queue_shows_what_waits_and_what_runs(self) -> None:
        first, *_ = several_jobs(3)
        assert claims.claim(first, "w", 30)
        queue = queues.states()["default"]
        assert (queue.name, queue.due, queue.running, queue.room) == ("default", 2, 1, None)
        assert queue.oldest_due_at == min(job.due_at for job in job_queries.jobs(status="pending"))

    def test_no_job_of_a_paused_queue_starts_until_it_is_resumed(self) -> None:
        job_id = add_job()
        queues.pause("default")
        assert claims.claim(job_id, "w", 30) is None
        assert unsent() == []
        assert job_queries.job(job_id).attempts == 0
        queues.resume("default")
        assert unsent() == [job_id]
        assert claims.claim(job_id, "w", 30) is not None

    def test_pausing_a_queue_leaves_others_and_what_runs_alone(self) -> None:
        running, waiting = several_jobs(2)
        claim = claims.claim(running, "w", 30)
        assert claim is not None
        queues.pause("default")
        (other,) = several_jobs(1, queue="train")
        assert claims.claim(waiting, "w", 30) is None
        assert claims.claim(other, "w", 30) is not None
        leases.complete(claim, finished(), [])

    def test_no_more_than_the_limit_run_at_once_however_many_try(self) -> None:
        jobs = several_jobs(12)
        queues.limit("default", 3)
        barrier = threading.Barrier(6)
        claimed: list[object] = []

        def claim_two(mine: list[int]) -> None:
            barrier.wait()
            claimed.extend(c for c in [claims.claim(job, "w", 30) for job in mine] if c)
            database.close()

        threads = [
            threading.Thread(target=claim_two, args=(jobs[n * 2 : n * 2 + 2],)) for n in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(claimed) == queues.states()["default"].running == 3

    def test_the_end_of_a_limited_queues_job_lets_the_next_one_be_sent(self) -> None:
        first, second, third = several_jobs(3)
        queues.limit("default", 1)
        assert unsent() == [first]
        claim = claims.claim(first, "w", 30)
        assert claim is not None
        assert claim.limited
        assert unsent() == []
        leases.complete(claim, finished(), [])
        assert unsent() == [second]
        assert unsent() == []
        queues.limit("default", None)
        assert unsent() == [third]

    def test_a_queue_that_is_paused_again_is_paused_since_the_first_time(self) -> None:
        queues.pause("train")
        with transaction():
            Queue.update(paused_at=5).execute()
        queues.pause("train")
        assert queues.states()["train"].paused_at == 5

    def test_a_limit_a_pause_and_a_priority_are_kept_apart(self) -> None:
        queues.limit("train", 2)
        queues.prefer("train", 5)
        queues.pause("train")
        queues.resume("train")
        queue = queues.states()["train"]
        assert (queue.concurrency, queue.priority, queue.paused_at) == (2, 5, None)
