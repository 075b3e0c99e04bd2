"""The loop closes: units that failed teach the next version."""

from __future__ import annotations

import pytest

from actors.stage import STAGES
from events.lives import end_life
from storage.queries import events, jobs
from storage.telemetry.lives import EndedBy, Ending
from tests.integration.serving import claimed
from tests.integration.telemetry.plant import HOUR, Plant


@pytest.fixture
def aged(plant: Plant) -> Plant:
    plant.train()
    for unit in ("a", "b", "c", "d"):
        plant.send(plant.life(unit)[:30])
    plant.work()
    return plant


def fail(plant: Plant, unit: str, mode: str | None = "bearing") -> None:
    at = plant.life(unit)[29].at + HOUR
    end_life(Ending("press_1", unit, at, EndedBy.FAILURE, mode), plant.sent.extend, "test")
    for job_id in plant.open_jobs():
        if jobs.job(job_id).stage == "end_life":
            plant.run(claimed(job_id))


def labelled() -> list[int]:
    return [e.payload["lives"] for e in events.events() if e.type == "LivesLabelled"]


def test_the_third_failure_with_a_mode_trains_a_new_version(aged: Plant) -> None:
    fail(aged, "a")
    fail(aged, "b", mode=None)
    fail(aged, "c")
    assert labelled() == []
    fail(aged, "d")
    assert labelled() == [3]
    (training,) = [job for job in jobs.jobs() if job.stage == "train_predictor"][:1]
    assert training.status == "pending"
    takes = STAGES["train_predictor"].takes
    assert takes is not None
    learnable = takes(claimed(training.id))
    assert [(life.labelled, life.unseen) for life in learnable.lives] == [(True, True)] * 3
    assert learnable.live_key.endswith("_v1.zip")


def test_no_second_training_is_requested_while_one_is_open(aged: Plant) -> None:
    for unit in ("a", "b", "c", "d"):
        fail(aged, unit)
    assert labelled() == [3]


def test_a_unit_that_was_replaced_is_kept_and_no_label(aged: Plant) -> None:
    at = aged.life("a")[29].at + HOUR
    end_life(Ending("press_1", "a", at, EndedBy.MAINTENANCE), aged.sent.extend, "test")
    aged.work()
    fail(aged, "b")
    fail(aged, "c")
    assert labelled() == []
