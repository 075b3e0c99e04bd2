"""An event that does not come is noticed, on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from storage.database import after, now_ms, transaction
from storage.ledger import claims, leases, queues
from storage.operations import control, overdue
from storage.operations.overdue import FEWEST_RUNS, Overdue
from storage.queries import events, machines
from storage.tables import Job
from tests.integration.conftest import add_event, add_machine, finished, record
from tests.integration.storage.aging import put_back

pytestmark = pytest.mark.usefixtures("ledger")


def earlier_runs(seconds: float, count: int = FEWEST_RUNS, stage: str = "train") -> None:
    """Jobs of a stage that took so long each and ended an hour ago."""
    if machines.profile_of("pump_1") is None:
        add_machine()
    for _ in range(count):
        (job,) = add_event(stages=[stage]).jobs
        claim = claims.claim(job.job_id, "w", 30)
        assert claim is not None
        leases.complete(claim, finished(), [])
        with transaction():
            Job.update(started_at=after(-3600 - seconds), completed_at=after(-3600)).where(
                Job.id == job.job_id
            ).execute()


def open_job(*, running_for: float | None = None, due_for: float = 0, stage: str = "train") -> int:
    (job,) = add_event(stages=[stage]).jobs
    if running_for is not None:
        assert claims.claim(job.job_id, "w", 1000)
    with transaction():
        Job.update(
            due_at=after(-due_for),
            started_at=after(-running_for) if running_for is not None else None,
        ).where(Job.id == job.job_id).execute()
    return job.job_id


def late(factor: float = 3) -> list[int]:
    return [one.job_id for one in overdue.find(factor, shortest_seconds=1)]


def tell(one: Overdue) -> int | None:
    payload: dict[str, Any] = {"stage": one.stage, "job_id": one.job_id}
    payload |= {"waited_seconds": 31, "expected_seconds": 30}
    notice = record("StageOverdue", one.machine_id, payload, one.correlation_id)
    return overdue.report(one, notice).event_id


def test_a_job_that_runs_three_times_as_long_as_any_before_is_late() -> None:
    earlier_runs(10)
    job_id = open_job(running_for=31)
    open_job(running_for=29)
    (found,) = overdue.find(3, shortest_seconds=1)
    assert (found.job_id, found.stage) == (job_id, "train")
    assert 30_000 <= found.expected_ms < 31_000  # The clock goes on while the runs are written.
    assert 31_000 <= found.waited_ms < 40_000


def test_what_is_usual_is_said_by_the_slowest_of_the_earlier_runs() -> None:
    earlier_runs(10, count=20)
    earlier_runs(100, count=1)
    open_job(running_for=200)
    assert late(factor=3) == []
    assert len(late(factor=1.5)) == 1


def test_without_earlier_runs_nothing_is_late() -> None:
    earlier_runs(10, count=FEWEST_RUNS - 1)
    open_job(running_for=10_000)
    assert late() == []


def test_nothing_is_late_before_a_minute() -> None:
    earlier_runs(0.1)
    open_job(running_for=50)
    assert overdue.find(3) == []


def test_a_job_that_is_not_claimed_is_overdue_when_its_queue_is_stuck() -> None:
    earlier_runs(10)
    job_id = open_job(due_for=31)
    assert late() == [job_id]


def test_a_job_in_a_long_queue_that_moves_is_not_late() -> None:
    earlier_runs(10)
    open_job(due_for=1000)
    open_job(running_for=5)
    assert late() == []


def test_a_job_in_a_paused_queue_is_not_late() -> None:
    earlier_runs(10)
    open_job(due_for=1000)
    queues.pause("default")
    assert late() == []


def test_it_is_reported_once_for_each_attempt() -> None:
    earlier_runs(10)
    job_id = open_job(running_for=31)
    (one,) = overdue.find(3, shortest_seconds=1)
    assert tell(one) is not None
    assert tell(one) is None
    assert late() == []
    control.cancel(job_id)
    control.retry(job_id)
    assert claims.claim(job_id, "w", 1000)
    put_back(job_id, started_at=-31)
    assert late() == [job_id]


def test_no_notice_follows_the_event_that_a_job_ended_with() -> None:
    earlier_runs(10)
    job_id = open_job(running_for=31)
    (one,) = overdue.find(3, shortest_seconds=1)
    with transaction():
        Job.update(status="success", completed_at=now_ms(), lease_until=None).where(
            Job.id == job_id
        ).execute()
    assert tell(one) is None
    assert [event.type for event in events.events()][-1] != "StageOverdue"
