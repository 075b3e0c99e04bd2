"""What operators ask of jobs and machines: cancel, retry, delete."""

from __future__ import annotations

import threading

import pytest

from errors import NotFound, StaleLease
from storage.database import database
from storage.ledger import leases
from storage.ledger.event_log import Dispatch
from storage.operations import control
from storage.queries import jobs as job_queries
from storage.tables import Artifact, Event, Job
from tests.integration.conftest import add_event, add_job, add_machine, failed, finished
from tests.integration.storage.test_leases import STAGED, claimed

pytestmark = pytest.mark.usefixtures("ledger")


def test_cancelling_a_running_job_takes_its_lease() -> None:
    job_id = add_job()
    claim = claimed(job_id)
    assert control.cancel(job_id) == "running"
    with pytest.raises(StaleLease):
        leases.complete(claim, finished(), [STAGED])
    assert control.cancel(job_id) == "cancelled"


def test_retrying_starts_a_failed_job_afresh_and_only_such_a_job() -> None:
    job_id = add_job()
    assert control.retry(job_id) is None
    leases.fail(claimed(job_id), "boom", failed(), retryable=False)
    assert control.retry(job_id) is not None
    job = job_queries.job(job_id)
    assert (job.status, job.attempts, job.error_message) == ("pending", 0, None)
    leases.complete(claimed(job_id), finished(), [])
    assert control.retry(job_id) is None


def test_all_failed_jobs_start_afresh_or_those_of_one_machine_and_no_other_job() -> None:
    jobs = []
    for machine_id in ("pump_1", "pump_2"):
        add_machine(machine_id)
        for stage in ("a", "b", "c"):
            jobs += [add_event(machine_id=machine_id, stages=[stage]).jobs[0].job_id]
    for job_id in (jobs[0], jobs[1], jobs[3]):
        leases.fail(claimed(job_id), "boom", failed(), retryable=False)
    leases.complete(claimed(jobs[2]), finished(), [])
    control.cancel(jobs[4])
    assert control.retry_failed("pump_2") == [Dispatch(jobs[3], "default")]
    assert [job.job_id for job in control.retry_failed()] == [jobs[0], jobs[1]]
    assert control.retry_failed() == control.retry_failed("pump_1") == []
    for job_id in (jobs[0], jobs[1], jobs[3]):
        job = job_queries.job(job_id)
        assert (job.status, job.attempts, job.error_message) == ("pending", 0, None)
    assert job_queries.job(jobs[2]).status == "success"
    assert job_queries.job(jobs[4]).status == "cancelled"


def test_several_retries_at_once_start_each_job_once() -> None:
    add_machine()
    for number in range(20):
        (job,) = add_event(stages=[f"stage_{number}"]).jobs
        leases.fail(claimed(job.job_id), "boom", failed(), retryable=False)
    started: list[int] = []
    barrier = threading.Barrier(4)

    def retry() -> None:
        barrier.wait()
        started.extend(job.job_id for job in control.retry_failed())
        database.close()

    threads = [threading.Thread(target=retry) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(started) == sorted(job.id for job in job_queries.jobs(status="pending"))
    assert len(started) == 20


def test_what_is_asked_of_a_job_that_does_not_exist_is_refused() -> None:
    for ask in (control.cancel, control.retry, job_queries.job):
        with pytest.raises(NotFound, match="no job 7"):
            ask(7)


def test_deleting_a_machine_removes_everything_and_its_ids_never_come_back() -> None:
    job_id = add_job()
    zombie = claimed(job_id)
    leases.complete(zombie, finished(), [STAGED])
    control.delete_machine("pump_1")
    for table in (Event, Job, Artifact):
        assert table.select().count() == 0
    again = add_job()
    assert again > job_id
    claimed(again)
    with pytest.raises(StaleLease):
        leases.complete(zombie, finished(), [STAGED])
    with pytest.raises(NotFound):
        control.delete_machine("pump_2")
