"""Stages started by hand, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from actors.broker.client import Broker
from errors import StaleLease
from events.bus import new_event
from events.vocabulary import ModelTrained, SeedReady
from GAN.layout import model_key, seed_key
from storage.clients import tokens
from storage.database import database
from storage.ledger import claims as claims_module
from storage.ledger import leases as ledger_module
from storage.queries import events, jobs
from tests.integration.serving import Http, claimed

SEED = {seed_key("pump_1"): b"seed"}


def statuses() -> list[tuple[str, str]]:
    """Stage and status of every job, oldest first."""
    return [(job.stage, job.status) for job in reversed(jobs.jobs())]


def start(http: Http, stage: str, **asked: Any) -> dict[str, Any]:
    """Start a stage; its task."""
    answer = http.post(f"/api/gan/machines/pump_1/{stage}", json=asked)
    assert answer.status_code == 202, answer.text
    task: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/api/gan/tasks/{task['task_id']}"
    return task


def test_a_seed_is_started_by_one_more_event(http: Http) -> None:
    http.create(start=False)
    task = start(http, "seed", rows=2000, seed=7)
    assert (task["stage"], task["status"], task["progress"]) == ("generate_seed", "pending", 0)
    (event,) = events.events()
    assert (event.type, event.actor, event.job_id) == ("SeedRequested", "anyone", None)
    assert (event.payload["rows"], event.payload["seed"]) == (2000, 7)
    assert http.service.broker.depth("default") == 1


def test_the_name_of_the_token_is_recorded_with_the_event(http: Http) -> None:
    written = tokens.create("planner", "write").written
    http.headers["Authorization"] = f"Bearer {written}"
    http.create()
    start(http, "seed")
    assert [event.actor for event in events.events()] == ["planner", "planner"]


def test_a_training_is_started_on_the_newest_seed_and_takes_the_chain_over(http: Http) -> None:
    http.create(start=False)
    task = start(http, "seed", rows=2000, seed=7)
    http.finish(task["task_id"], SeedReady(machine_id="pump_1", rows=2000, seed=7), SEED)
    assert statuses()[-1] == ("train_tvae", "pending")  # The chain went on by itself.
    task = start(http, "train", epochs=3)
    assert statuses() == [
        ("generate_seed", "success"),
        ("train_tvae", "cancelled"),
        ("train_tvae", "pending"),
    ]
    event = events.events()[-1]
    assert event.type == "TrainingRequested"
    plan = {name: event.payload[name] for name in ("epochs", "rows", "seed", "retraining")}
    assert plan == {"epochs": 3, "rows": 2000, "seed": 7, "retraining": 0}
    assert len({event.correlation_id for event in events.events()}) == 1
    chain = http.get("/api/gan/machines/pump_1").json()["chain"]
    assert [step["task_id"] for step in chain][-1] == task["task_id"]
    assert len(chain) == 3


def test_sets_are_generated_from_the_newest_model(http: Http) -> None:
    http.create()
    (job,) = jobs.jobs()
    http.finish(job.id, SeedReady(machine_id="pump_1"), SEED)
    for epochs in (50, 7):
        key = model_key("pump_1", epochs)
        task = start(http, "train", epochs=epochs)
        trained = ModelTrained(machine_id="pump_1", epochs=epochs, model_key=key)
        http.finish(task["task_id"], trained, {key: b"model"})
    task = start(http, "generate", train=300, val=60)
    assert task["stage"] == "generate_synthetic"
    event = events.events()[-1]
    assert event.payload["model_key"] == model_key("pump_1", 7)
    assert event.payload["samples"] == {"train": 300, "val": 60, "test": 7500}
    # The next time, what was asked for before stays.
    start(http, "generate", test=90)
    assert events.events()[-1].payload["samples"] == {"train": 300, "val": 60, "test": 90}


@pytest.mark.parametrize(
    ("stage", "missing", "maker"), [("train", "seed", "seed"), ("generate", "seed", "seed")]
)
def test_a_request_without_input_names_the_call_that_makes_it(
    http: Http, stage: str, missing: str, maker: str
) -> None:
    http.create()
    answer = http.post(f"/api/gan/machines/pump_1/{stage}", json={})
    assert answer.status_code == 409
    detail = answer.json()["detail"]
    assert detail == (
        f"pump_1 has no {missing} yet; POST /api/gan/machines/pump_1/{maker} makes it"
    )
    assert statuses() == [("generate_seed", "pending")]  # Nothing was cancelled for it.
    assert len(events.events()) == 1


def test_sets_want_a_model_when_there_is_a_seed(http: Http) -> None:
    http.create()
    http.finish(jobs.jobs()[0].id, SeedReady(machine_id="pump_1"), SEED)
    answer = http.post("/api/gan/machines/pump_1/generate")
    assert answer.status_code == 409
    assert "POST /api/gan/machines/pump_1/train makes it" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("stage", "body", "path"),
    [
        ("seed", {"rows": 999}, "rows"),
        ("seed", {"rows": "2000"}, "rows"),
        ("seed", {"seed": -1}, "seed"),
        ("seed", {"epochs": 3}, "epochs"),
        ("train", {"epochs": 0}, "epochs"),
        ("train", {"epochs": 1001}, "epochs"),
        ("train", {"epochs": True}, "epochs"),
        ("generate", {"train": 1}, "train"),
        ("generate", [1], ""),
    ],
)
def test_a_body_out_of_range_is_refused(http: Http, stage: str, body: Any, path: str) -> None:
    http.create(start=False)
    answer = http.post(f"/api/gan/machines/pump_1/{stage}", json=body)
    assert answer.status_code == 422
    assert [problem["path"] for problem in answer.json()["errors"]] == [path]
    assert events.events() == []


def test_a_stage_starts_while_the_broker_is_away(http: Http, valkey: Any) -> None:
    http.create(start=False)
    valkey.kill()
    task = start(http, "seed")
    assert task["status"] == "pending"
    assert jobs.job(task["task_id"]).dispatched_at is None  # A steward finds it.
    valkey.ensure()


def test_a_stage_that_completes_at_the_same_moment_leaves_no_second_chain(http: Http) -> None:
    """Whichever commits first: afterwards one job is open, the one that was started by hand."""
    http.create()
    for attempt in range(12):
        (job,) = jobs.jobs(status="pending")
        claim = claimed(job.id)
        fact = new_event(SeedReady(machine_id="pump_1"), claim.correlation_id)
        together = threading.Barrier(2)

        def complete(
            claim: claims_module.Claim = claim, fact: Any = fact, barrier: Any = together
        ) -> str:
            barrier.wait()
            try:
                ledger_module.complete(claim, fact, [])
            except StaleLease:
                return "lost"
            finally:
                database.close()
            return "completed"

        def take_over(number: int = attempt, barrier: Any = together) -> dict[str, Any]:
            barrier.wait()
            return start(http, "seed", seed=number)

        with ThreadPoolExecutor(2) as threads:
            completed, task = threads.submit(complete), threads.submit(take_over)
            ended = completed.result(20)
            task_id = task.result(20)["task_id"]
        open_jobs = jobs.jobs(status="pending")
        assert [job.id for job in open_jobs] == [task_id]
        assert jobs.job(claim.job_id).status == ("success" if ended == "completed" else "cancelled")


def test_stages_started_at_once_leave_one_that_runs(http: Http) -> None:
    http.create(start=False)
    with ThreadPoolExecutor(6) as threads:
        tasks = list(threads.map(lambda number: start(http, "seed", seed=number), range(6)))
    assert len({task["task_id"] for task in tasks}) == 6
    assert len(jobs.jobs(status="pending")) == 1
    assert len(jobs.jobs(status="cancelled")) == 5


def test_a_cancelled_job_that_runs_loses_its_lease(http: Http) -> None:
    http.create()
    claim = claimed(jobs.jobs()[0].id)
    start(http, "seed")
    with pytest.raises(StaleLease):
        ledger_module.renew(claim, 30)


def test_the_broker_has_what_was_started(http: Http) -> None:
    sent: Callable[[str], int] = Broker(http.service.settings).depth
    http.create()
    http.create("pump_2")
    assert sent("default") == 2
