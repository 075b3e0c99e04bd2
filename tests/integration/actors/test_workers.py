"""Workers that are alive, the jobs that they run, and jobs of dead workers; on both databases."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

import pytest
from pydantic import SecretStr

from commands.machines.follow import follow
from storage.database import after, database, transaction
from storage.ledger import workers
from storage.ledger.claims import Claim, claim
from storage.ledger.leases import complete, fail, renew, report_progress
from storage.ledger.workers import WORKER_SILENCE_SECONDS
from storage.operations import control
from storage.queries import jobs, machines
from storage.queries.workers import roster
from storage.settings import Settings
from storage.tables import Job, Worker
from tests.integration.conftest import add_event, add_job, add_machine, failed, finished, record
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("ledger")


def beat(worker_id: str, *queues: str) -> None:
    workers.beat(worker_id, "plant-7", 4711, list(queues or ("default",)))


def claimed(job_id: int, worker_id: str = "w1") -> Claim:
    taken = claim(job_id, worker_id, 30)
    assert taken is not None
    return taken


def fall_silent(worker_id: str, seconds: float) -> None:
    with transaction():
        Worker.update(seen_at=after(-seconds)).where(Worker.id == worker_id).execute()


def end_lease() -> None:
    with transaction():
        Job.update(lease_until=1).execute()


def be_forgotten() -> None:
    fall_silent("w1", 1000)
    beat("w2")  # each beat removes workers that are long silent
    assert [worker.id for worker in roster()] == ["w2"]


#: What happens to a worker that runs a job.
FATES: dict[str, Callable[[], None]] = {
    "its lease ends": end_lease,
    "it falls silent": lambda: fall_silent("w1", WORKER_SILENCE_SECONDS + 1),
    "it is forgotten": be_forgotten,
    "it signs off": lambda: workers.sign_off("w1"),
}


@pytest.mark.parametrize("fate", FATES)
def test_a_job_whose_worker_is_gone_is_stale_everywhere(fate: str) -> None:
    job_id = add_job()
    beat("w1")
    claimed(job_id)
    assert machines.machine("pump_1").status == "running"
    assert [job.id for job in jobs.jobs(status="running")] == [job_id]
    FATES[fate]()
    assert machines.machine("pump_1").status == "stale"
    assert [one.status for one in machines.machines()] == ["stale"]
    assert [job.shown_status for job in jobs.jobs()] == ["stale"]
    assert [job.id for job in jobs.jobs(status="stale")] == [job_id]
    assert jobs.jobs(status="running") == []


def test_a_stale_job_is_still_running_for_the_protocol() -> None:
    job_id = add_job()
    taken = claimed(job_id)  # by a worker that was never heard of
    assert jobs.job(job_id).shown_status == "stale"
    assert jobs.job(job_id).status == "running"
    renew(taken, 30)
    complete(taken, finished(), [])
    assert jobs.job(job_id).status == "success"


def test_a_worker_that_is_heard_of_again_has_a_running_job() -> None:
    claimed(add_job())
    assert machines.machine("pump_1").status == "stale"
    beat("w1")
    assert machines.machine("pump_1").status == "running"


def test_another_workers_life_does_not_make_up_for_it() -> None:
    claimed(add_job(), "w1")
    beat("w2")
    assert machines.machine("pump_1").status == "stale"


def test_a_worker_shorter_silent_than_the_limit_has_a_running_job() -> None:
    claimed(add_job())
    beat("w1")
    fall_silent("w1", WORKER_SILENCE_SECONDS - 5)
    assert machines.machine("pump_1").status == "running"


def test_only_a_running_job_is_ever_stale() -> None:
    add_machine()
    ids = [add_event(stages=[f"stage_{number}"]).jobs[0].job_id for number in range(4)]
    complete(claimed(ids[0]), finished(), [])
    fail(claimed(ids[1]), "boom", failed(), retryable=False)
    control.cancel(ids[2])
    shown = {job.id: job.shown_status for job in jobs.jobs()}
    assert [shown[job_id] for job_id in ids] == ["success", "failed", "cancelled", "pending"]
    assert jobs.jobs(status="stale") == []


def test_a_machine_without_a_job_and_a_finished_one_stand_as_before() -> None:
    add_machine("pump_2")
    job_id = add_job()
    onboarded = record("MachineOnboarded", "pump_1", {}, "c" * 32)
    complete(claimed(job_id), onboarded, [])
    shown = {one.machine_id: one.status for one in machines.machines()}
    assert shown == {"pump_1": "onboarded", "pump_2": "created"}


def test_a_wait_says_that_a_job_is_stale_and_goes_on(
    ledger: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    job_id = add_job()
    taken = claimed(job_id)
    said: list[str] = []

    def is_said() -> bool:
        said.append(capsys.readouterr().err)
        return "generate_seed  stale  0 %" in "".join(said)

    def wait() -> int:
        # With a Redis server set: otherwise it would start workers.
        settings = ledger.model_copy(update={"redis_url": SecretStr("redis://127.0.0.1:1")})
        try:
            return follow(settings, ["pump_1"], as_json=False)
        finally:
            database.close()

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait)
        try:
            eventually(is_said)
            assert not waiting.done()
            complete(taken, record("MachineOnboarded", "pump_1", {}, "c" * 32), [])
        finally:
            control.cancel(job_id)  # Whatever happened, the wait has to end.
    assert waiting.result() == 0


def test_the_roster_says_who_runs_what_and_who_is_idle() -> None:
    job_id = add_job()
    beat("w2", "default", "train")
    beat("w1", "train")
    report_progress(claimed(job_id, "w2"), 30, "epoch 3 of 10")
    idle, busy = roster()
    assert (idle.id, idle.host, idle.pid, idle.queues) == ("w1", "plant-7", 4711, ["train"])
    assert (idle.alive, idle.jobs) == (True, [])
    assert (busy.id, busy.alive, busy.queues) == ("w2", True, ["default", "train"])
    (job,) = busy.jobs
    assert asdict(job) == {
        "id": job_id,
        "machine_id": "pump_1",
        "stage": "generate_seed",
        "status": "running",
        "progress": 30,
        "message": "epoch 3 of 10",
        "started_at": jobs.job(job_id).started_at,
    }


def test_a_job_that_has_ended_is_no_longer_its_workers() -> None:
    beat("w1")
    complete(claimed(add_job()), finished(), [])
    assert [worker.jobs for worker in roster()] == [[]]


def test_a_silent_worker_is_on_the_roster_with_what_it_still_holds() -> None:
    job_id = add_job()
    beat("w1")
    claimed(job_id)
    fall_silent("w1", 40)
    (silent,) = roster()
    assert not silent.alive
    assert 40 <= silent.silent_seconds < 60
    assert [(job.id, job.status) for job in silent.jobs] == [(job_id, "stale")]
    assert workers.alive() == []


def test_a_job_of_a_worker_without_a_row_is_still_shown() -> None:
    claimed(add_job(), "unknown")
    beat("w1")
    assert [(worker.id, worker.jobs) for worker in roster()] == [("w1", [])]
    assert machines.machine("pump_1").status == "stale"


def test_the_roster_without_workers_is_empty() -> None:
    assert roster() == []
