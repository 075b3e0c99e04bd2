"""Tasks over HTTP, on both databases."""

from __future__ import annotations

import pytest

from events.bus import new_event
from events.vocabulary import ModelTrained, SeedReady, StageFailed
from GAN.layout import seed_key
from storage.database import transaction
from storage.ledger import leases
from storage.ledger.workers import beat
from storage.queries import events, jobs
from storage.tables import Job, TrainingJob
from tests.integration.conftest import add_event
from tests.integration.serving import Http, claimed


def begun(http: Http) -> int:
    http.create()
    job_id: int = jobs.jobs()[0].id
    return job_id


def test_a_task_that_waits(http: Http) -> None:
    task = http.get(f"/api/gan/tasks/{begun(http)}").json()
    assert (task["machine_id"], task["stage"]) == ("pump_1", "generate_seed")
    assert (task["status"], task["progress"], task["eta_seconds"]) == ("pending", 0, None)
    assert (task["result"], task["error"], task["epoch"], task["loss"]) == (None,) * 4


def test_a_running_task_shows_its_progress(http: Http) -> None:
    task_id = begun(http)
    beat("worker-1", "host", 1, ["default"])
    claim = claimed(task_id)
    leases.report_progress(claim, 40, "epoch 4 of 10", 4, -1.25)
    task = http.get(f"/api/gan/tasks/{task_id}").json()
    assert (task["status"], task["progress"], task["message"]) == ("running", 40, "epoch 4 of 10")
    assert (task["epoch"], task["loss"]) == (4, -1.25)


def test_earlier_runs_say_how_long_it_takes_and_slow_progress_changes_nothing(http: Http) -> None:
    task_id = begun(http)
    claim = claimed(task_id)
    assert http.get(f"/api/gan/tasks/{task_id}").json()["eta_seconds"] is None
    for _ in range(3):
        (job,) = add_event(stages=["generate_seed"]).jobs
        earlier = claimed(job.job_id)
        done = SeedReady(machine_id="pump_1")
        leases.complete(earlier, new_event(done, "c" * 32), [])
        with transaction():
            Job.update(started_at=Job.completed_at - 80_000).where(Job.id == job.job_id).execute()
    assert http.get(f"/api/gan/tasks/{task_id}").json()["eta_seconds"] == pytest.approx(80, abs=5)
    leases.report_progress(claim, 1, "the first of 100 parts")
    with transaction():
        Job.update(started_at=Job.started_at - 60_000).where(Job.id == task_id).execute()
    assert http.get(f"/api/gan/tasks/{task_id}").json()["eta_seconds"] == pytest.approx(20, abs=5)
    with transaction():  # Longer than any before.
        Job.update(started_at=Job.started_at - 30_000).where(Job.id == task_id).execute()
    assert http.get(f"/api/gan/tasks/{task_id}").json()["eta_seconds"] is None


def test_a_training_should_take_as_long_as_its_epochs_would_have_before(http: Http) -> None:
    http.create(start=False)
    tasks = [
        add_event("SeedReady", stages=["train_tvae"], queue="train", epochs=epochs).jobs[0].job_id
        for epochs in (50, 1000)
    ]
    first, _ = (claimed(task_id) for task_id in tasks)
    fact = new_event(ModelTrained(machine_id="pump_1", model_key="m"), "c" * 32)
    leases.complete(first, fact, [])
    with transaction():
        begun_at = TrainingJob.completed_at - 10_000
        TrainingJob.update(started_at=begun_at).where(TrainingJob.task == tasks[0]).execute()

    def eta() -> float | None:
        seconds: float | None = http.get(f"/api/gan/tasks/{tasks[1]}").json()["eta_seconds"]
        return seconds

    assert eta() == pytest.approx(200, abs=5)
    with transaction():
        Job.update(started_at=Job.started_at - 300_000).where(Job.id == tasks[1]).execute()
    assert eta() is None


def test_an_attempt_begins_without_the_epochs_of_the_one_before(http: Http) -> None:
    task_id = begun(http)
    claim = claimed(task_id)
    leases.report_progress(claim, 40, "epoch 4 of 10", 4, -1.25)
    leases.release(claim)
    task = http.get(f"/api/gan/tasks/{task_id}").json()
    assert (task["progress"], task["epoch"], task["loss"]) == (0, None, None)


def test_a_running_task_whose_worker_is_gone_is_stale(http: Http) -> None:
    task_id = begun(http)
    claimed(task_id)
    task = http.get(f"/api/gan/tasks/{task_id}").json()
    assert (task["status"], task["result"]) == ("stale", None)


def test_a_task_that_succeeded_shows_its_results(http: Http) -> None:
    task_id = begun(http)
    key = seed_key("pump_1")
    http.finish(task_id, SeedReady(machine_id="pump_1", seed_key=key), {key: b"seed"})
    task = http.get(f"/api/gan/tasks/{task_id}").json()
    assert (task["status"], task["progress"], task["error"]) == ("success", 100, None)
    assert task["result"]["event"]["type"] == "SeedReady"
    assert task["result"]["event"]["id"] == events.events()[-1].id
    assert [file["key"] for file in task["result"]["artifacts"]] == [key]


def test_a_task_that_failed_shows_why(http: Http) -> None:
    task_id = begun(http)
    claim = claimed(task_id)
    event = StageFailed(machine_id="pump_1", stage="generate_seed", reason="disk full")
    fact = new_event(event, claim.correlation_id)
    leases.fail(claim, "disk full", fact, retryable=False)
    task = http.get(f"/api/gan/tasks/{task_id}").json()
    assert (task["status"], task["error"]) == ("failed", "disk full")
    assert task["result"]["event"]["type"] == "StageFailed"
    assert task["result"]["artifacts"] == []


def test_a_replayed_event_is_no_result_of_the_task_that_it_once_began(http: Http) -> None:
    task_id = begun(http)
    http.finish(task_id, SeedReady(machine_id="pump_1"))
    made = http.get(f"/api/gan/tasks/{task_id}").json()["result"]["event"]["id"]
    past = jobs.job(task_id).event_id
    add_event("MachineCreated", stages=())
    with transaction():
        from storage.tables import Event

        Event.update(causation_id=past).where(Event.type == "MachineCreated").execute()
    assert http.get(f"/api/gan/tasks/{task_id}").json()["result"]["event"]["id"] == made


def test_a_task_can_be_cancelled_until_it_has_ended(http: Http) -> None:
    task_id = begun(http)
    assert http.delete(f"/api/gan/tasks/{task_id}").status_code == 204
    task = http.get(f"/api/gan/tasks/{task_id}").json()
    assert (task["status"], task["error"]) == ("cancelled", "cancelled")
    assert task["result"] == {"event": None, "artifacts": []}
    again = http.delete(f"/api/gan/tasks/{task_id}")
    assert again.status_code == 409
    assert again.json()["detail"] == (
        f"task {task_id} has ended: cancelled; there is nothing to cancel"
    )


@pytest.mark.parametrize("task_id", ["0", "-1", "99", "2147483648", str(10**40)])
def test_a_task_that_there_never_was(http: Http, task_id: str) -> None:
    for method in ("GET", "DELETE"):
        answer = http.request(method, f"/api/gan/tasks/{task_id}")
        assert answer.status_code == 404
        assert "GET /api/gan/machines/{id}" in answer.json()["detail"]


def test_what_is_no_number_is_no_task(http: Http) -> None:
    answer = http.get("/api/gan/tasks/first")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"] == "path.task_id"
