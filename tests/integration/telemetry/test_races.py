"""What happens at once: rebuilds, ends of lives, archives and batches leave no reading out."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from actors.runtime.execution.outcomes import write_outcome
from actors.runtime.stage_process import Failed
from actors.stage import STAGES
from events import telemetry
from events.levels import compute_anew
from events.lives import end_life
from GAN.datasets.readings_file import ReadingRow, read_readings, write_readings
from storage.database import execute, reading
from storage.queries import jobs as job_queries
from storage.telemetry import waiting
from storage.telemetry.lives import EndedBy, Ending
from tests.integration.conftest import profile_of
from tests.integration.serving import claimed
from tests.integration.telemetry.plant import HOUR, SENSORS, Plant


@pytest.fixture
def old(plant: Plant) -> Plant:
    """Two units whose first readings are in files, and the newest in the ledger."""
    plant.train()
    for unit in ("1", "2"):
        plant.send(plant.life(unit)[:60])
    plant.work()
    with reading():
        execute("UPDATE units SET created_at = created_at - 2 * 86400000")
    for unit in ("1", "2"):
        plant.send([plant.life(unit)[60]])
        plant.work()
    for unit in ("1", "2"):
        rows = [
            plant.reading(999 + n / 60, unit, vibration=2.0 + n / 50, temperature=45.0)
            for n in range(20)
        ]
        plant.send(rows)
    plant.work()
    return plant


def begun(plant: Plant) -> float:
    """Hours in service at the first reading of the life that the condition has."""
    return float(np.frombuffer(plant.unit()["condition"], dtype="<f8")[-1])


def fail(plant: Plant, at: int) -> None:
    end_life(Ending("press_1", "1", at, EndedBy.FAILURE), plant.sent.extend, "test")


def test_a_rebuild_of_more_than_one_job_takes_all_readings(
    old: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = [old.unit("1"), old.unit("2")]
    monkeypatch.setattr(waiting, "_ANEW_ROWS", 10)
    assert compute_anew("press_1", None, old.sent.extend, "test") == 2
    assert old.work() == 2
    assert [old.unit("1"), old.unit("2")] == right


def test_a_rebuild_that_is_asked_for_while_a_job_runs_is_done(plant: Plant) -> None:
    plant.train()
    life = plant.life()
    plant.send([*life[:10], *life[20:60]])
    plant.work()
    plant.send(life[10:20])
    plant.send([life[60]])
    plant.send(plant.life("2")[:61])
    claim = claimed(plant.open_jobs()[0])
    finished = plant.finished(claim)
    compute_anew("press_1", "1", plant.sent.extend, "test")
    write_outcome(claim, finished, STAGES[claim.stage])
    plant.work()
    assert plant.unit("1")["condition"] == plant.unit("2")["condition"]


def test_a_version_that_becomes_live_while_a_job_predicts_is_asked_about_all_units(
    plant: Plant,
) -> None:
    plant.train()
    plant.send(plant.life()[:40])
    claim = claimed(plant.open_jobs()[0])
    finished = plant.finished(claim)
    plant.train(version=2, units=20)
    write_outcome(claim, finished, STAGES[claim.stage])
    with reading():
        made_by = execute(
            """SELECT version FROM predictions
            JOIN predictors ON predictors.id = predictor_id ORDER BY predictions.id"""
        )
        assert made_by == [(1,)]
    assert plant.work() == 1
    with reading():
        assert execute("SELECT predictor_version FROM units") == [(2,)]


def test_an_end_that_is_reported_late_leaves_no_archived_reading_out(old: Plant) -> None:
    at = old.life()[30].at + 1
    fail(old, at)
    old.work()
    assert begun(old) == pytest.approx((old.life()[31].at - at) / HOUR)


def test_readings_that_wait_again_are_not_archived_away(plant: Plant) -> None:
    plant.train()
    plant.send(plant.life()[:60])
    plant.work()
    with reading():
        execute("UPDATE units SET created_at = created_at - 2 * 86400000")
    plant.send([plant.life()[60]])
    jobs = {job_queries.job(job_id).stage: job_id for job_id in plant.open_jobs()}
    archiving = claimed(jobs["archive_readings"])
    finished = plant.finished(archiving)
    plant.run(claimed(jobs["predict"]))
    at = plant.life()[30].at + 1
    fail(plant, at)
    write_outcome(archiving, finished, STAGES[archiving.stage])
    plant.work()
    assert begun(plant) == pytest.approx((plant.life()[31].at - at) / HOUR)


def test_the_last_reading_of_a_life_is_not_the_first_one_of_the_next(plant: Plant) -> None:
    plant.train()
    plant.send(plant.life()[:60])
    plant.work()
    at = plant.life()[59].at
    fail(plant, at)
    hour = (at - plant.now) / HOUR
    rows = [plant.reading(hour + n, vibration=1.5 + n / 100) for n in range(1, 20)]
    plant.send(rows)
    plant.work()
    before = plant.unit()
    compute_anew("press_1", None, plant.sent.extend, "test")
    plant.work()
    assert plant.unit() == before


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_readings_that_come_while_a_job_ends_without_work_are_not_forgotten(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    from events.bus import new_correlation_id, new_event
    from events.vocabulary import ReadingsArrived
    from storage.ledger import event_log

    plant.train()
    plant.send(plant.life()[:10])
    plant.work()
    nothing = ReadingsArrived(machine_id="press_1", rows=0, units=0)
    event_log.publish(new_event(nothing, new_correlation_id()))
    claim = claimed(plant.open_jobs()[0])
    finished = plant.finished(claim)
    inside, go_on = threading.Event(), threading.Event()
    announce = telemetry.announce_waiting

    def slow(*arguments: object) -> object:
        found = announce(*arguments)  # type: ignore[arg-type]
        inside.set()
        assert go_on.wait(10)
        return found

    monkeypatch.setattr(telemetry, "announce_waiting", slow)
    batch = threading.Thread(target=lambda: plant.send(plant.life()[10:11]))
    batch.start()
    assert inside.wait(10)
    ending = threading.Thread(target=lambda: write_outcome(claim, finished, STAGES[claim.stage]))
    ending.start()
    go_on.set()
    batch.join()
    ending.join()
    monkeypatch.undo()
    assert plant.work() == 1
    assert plant.unit()["condition_at"] == plant.unit()["seen_at"]


def test_a_prediction_that_fails_each_time_is_not_asked_for_by_each_batch(plant: Plant) -> None:
    plant.train()
    for hour in range(6):
        plant.send([plant.reading(hour)])
        for job_id in plant.open_jobs():
            claim = claimed(job_id)
            write_outcome(claim, Failed("of another version", False, ""), STAGES[claim.stage])
    with reading():
        counts = dict(execute("SELECT type, COUNT(*) FROM events GROUP BY type"))
    assert (counts["StageFailed"], counts["ReadingsArrived"]) == (1, 1)


def test_a_job_of_an_old_event_is_not_removed_with_it(plant: Plant) -> None:
    plant.train()
    plant.send(plant.life()[:20])
    (job_id,) = plant.open_jobs()
    with reading():
        execute("UPDATE events SET occurred_at = occurred_at - 8 * 86400000 WHERE recurring")
    plant.work()
    assert job_queries.job(job_id).status == "success"


@pytest.mark.parametrize("name", ["at", "unit", "late"])
def test_a_sensor_may_be_named_as_a_column_of_the_file(tmp_path: Path, name: str) -> None:
    profile = profile_of("press_9", sensors=[SENSORS[0], SENSORS[1] | {"name": name}])
    row = ReadingRow("1", 1_700_000_000_000, np.array([1.0, 45.0], "<f8").tobytes(), True)
    write_readings(profile, [row], tmp_path / "a.parquet")
    assert read_readings(profile, tmp_path / "a.parquet", ["1"], 0, 2**42) == [row]
