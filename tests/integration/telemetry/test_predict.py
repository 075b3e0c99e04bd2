"""The stage `predict`: it counts each reading once and stores each prediction with its reasons."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

from actors.runtime.execution.outcomes import write_outcome
from actors.stage import STAGES
from errors import StaleLease
from storage.database import execute, reading
from storage.ledger import claims, leases
from storage.queries import events, machines
from storage.status import ChainStatus
from tests.integration.serving import claimed
from tests.integration.telemetry.plant import HOUR, Plant


@pytest.fixture
def trained(plant: Plant) -> Plant:
    """The plant with a predictor."""
    plant.train()
    return plant


def rows(statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
    with reading():
        return execute(statement, **parameters)


def kinds(machine_id: str = "press_1") -> list[str]:
    return [event.type for event in events.events(machine_id=machine_id, recurring=True)][2:]


def test_readings_are_predicted_by_one_job_that_takes_all_that_waits(trained: Plant) -> None:
    trained.send(trained.life()[:20])
    trained.send(trained.life()[20:40])
    assert trained.work() == 1
    unit = trained.unit()
    assert unit["condition_at"] == unit["seen_at"]
    assert unit["level"] == "healthy"
    assert unit["rul_hours"] > 0
    assert kinds() == ["ReadingsArrived", "PredictionsMade"]


def test_the_condition_does_not_depend_on_the_batches(trained: Plant) -> None:
    life = trained.life()
    trained.send(life)
    trained.work()
    random, place = Random(3), 0
    other = trained.life("2")
    while place < len(other):
        count = random.randint(1, 40)
        batch = other[place : place + count]
        random.shuffle(batch)
        trained.send(batch)
        place += count
        if random.random() < 0.7:
            trained.work()
    trained.work()
    assert trained.unit("2")["condition"] == trained.unit("1")["condition"]


def test_the_condition_is_that_of_the_offline_prediction(trained: Plant) -> None:
    import numpy as np

    from GAN.prognosis import predictor_file
    from GAN.prognosis.readings import check_readings, condition_of
    from tests.integration.telemetry.plant import lives, predictor_bytes, press

    trained.send(trained.life())
    trained.work()
    path = trained.settings.home / "p.zip"
    path.write_bytes(predictor_bytes("press_1"))
    predictor = predictor_file.load(path)
    own = lives()[lives()["unit_id"] == 1].drop(columns=["rul_hours", "failure_mode"])
    # The ledger has times in ms.
    own["cycle_hour"] = (own["cycle_hour"] * HOUR).round() / HOUR
    table = check_readings(own, press(), "test")
    condition = condition_of(table, predictor.sensors, predictor.regimes)
    live = np.frombuffer(trained.unit()["condition"], dtype="<f8")
    assert np.array_equal(live[:-2], condition.figures[0].ravel(), equal_nan=True)


def test_a_second_job_for_the_same_readings_counts_none_of_them_twice(trained: Plant) -> None:
    trained.send(trained.life()[:50])
    (job_id,) = trained.open_jobs()
    first = claimed(job_id)
    slow = trained.finished(first)  # Its worker is slow, and loses its lease.
    leases.release(first)
    trained.work()
    done = trained.unit()
    with pytest.raises(StaleLease):
        write_outcome(first, slow, STAGES["predict"])
    assert trained.unit() == done


def test_readings_that_come_while_a_job_runs_are_predicted_by_the_next_one(trained: Plant) -> None:
    life = trained.life()
    trained.send(life[:10])
    (job_id,) = trained.open_jobs()
    claim = claimed(job_id)
    finished = trained.finished(claim)
    trained.send(life[10:20])
    assert trained.open_jobs() == []
    write_outcome(claim, finished, STAGES["predict"])
    assert trained.work() == 1
    assert trained.unit()["condition_at"] == trained.now + round(_hour(trained, life[19]) * HOUR)


def _hour(plant: Plant, row: Any) -> float:
    return float(row.at - plant.now) / HOUR


def test_readings_wait_for_the_first_predictor(plant: Plant) -> None:
    plant.send(plant.life()[:30])
    assert plant.open_jobs() == []
    plant.train()
    assert plant.work() == 1
    assert plant.unit()["level"] == "healthy"


def test_a_new_version_is_asked_about_all_units(trained: Plant) -> None:
    trained.send(trained.life("1")[:60])
    trained.send(trained.life("2")[:60])
    trained.work()
    before = trained.unit("1")
    trained.train(version=2, units=20)
    assert trained.work() == 1
    versions = rows("SELECT DISTINCT predictor_version FROM units")
    assert versions == [(2,)]
    assert trained.unit("1")["condition"] == before["condition"]
    assert trained.unit("1")["rul_hours"] != before["rul_hours"]


def test_figures_of_another_basis_are_computed_anew_from_all_readings(trained: Plant) -> None:
    life = trained.life()
    trained.send(life[:60])
    trained.work()
    right = trained.unit()
    with reading():
        execute("UPDATE units SET condition_basis = 'of an older predictor', condition = NULL")
    trained.train(version=2, units=12)
    trained.work()
    assert trained.unit() == right


def test_each_kept_prediction_has_its_reasons_and_its_version(trained: Plant) -> None:
    life = trained.life()
    for place in range(0, 60, 20):
        trained.send(life[place : place + 20])
        trained.work()
    found = rows(
        """SELECT predictions.rul_hours, predictions.failure_class, predictors.version, content,
            method
        FROM predictions JOIN explanations ON prediction_id = predictions.id
        JOIN predictors ON predictors.id = predictor_id ORDER BY predictions.id"""
    )
    assert len(found) == 3
    for rul, mode, version, content, method in found:
        said = json.loads(content)
        assert (mode, version, method) == ("bearing", 1, "treeshap")
        total = said["usual_hours"] + sum(reason["hours"] for reason in said["reasons"])
        assert total == pytest.approx(rul, rel=1e-6)
        assert said["sentence"]


@pytest.mark.parametrize(("minutes", "kept"), [(None, 3), ("10", 2)])
def test_predictions_are_kept_each_five_minutes_of_readings_or_as_it_is_set(
    trained: Plant, monkeypatch: pytest.MonkeyPatch, minutes: str | None, kept: int
) -> None:
    if minutes is not None:
        monkeypatch.setenv("FLEETFORGE_PREDICTION_MINUTES", minutes)
    for minute in range(12):
        trained.send([trained.reading(minute / 60)])
        trained.work()
    assert trained.count("predictions") == kept


def test_a_worn_unit_raises_an_alert_that_escalates_and_is_cleared_by_its_end(
    trained: Plant,
) -> None:
    life = trained.life()
    levels = []
    for place in range(0, len(life), 5):
        trained.send(life[place : place + 5])
        trained.work()
        levels.append(trained.unit()["level"])
    assert levels[-1] == "alarm"
    assert {"healthy", "warning"} <= set(levels)
    found = rows("SELECT level, cause, cleared_at FROM alerts WHERE cleared_at IS NULL")
    assert found == [("alarm", "failure in 24 h", None)]
    raised = [e.payload["level"] for e in events.events() if e.type == "AlertRaised"]
    assert raised[-1] == "alarm"


def test_recurring_events_are_hidden_and_the_onboarding_is_not_affected(trained: Plant) -> None:
    trained.send(trained.life()[:20])
    trained.work()
    shown = [event.type for event in events.events(machine_id="press_1")]
    assert "ReadingsArrived" not in shown
    assert machines.machine("press_1").status == "created"
    chains = {chain.chain: chain.status for chain in machines.chains("press_1")}
    assert chains["condition"] is ChainStatus.COMPLETE


def test_recurring_events_are_removed_after_a_week_with_their_jobs(trained: Plant) -> None:
    trained.send(trained.life()[:5])
    trained.work()
    with reading():
        execute("UPDATE events SET occurred_at = occurred_at - 8 * 86400000 WHERE recurring")
    before = trained.count("events")
    trained.send(trained.life()[5:10])
    trained.work()
    assert trained.count("events") == before
    assert rows("SELECT COUNT(*) FROM jobs WHERE stage = 'predict'") == [(1,)]


def test_a_cancelled_job_leaves_the_readings_waiting(trained: Plant) -> None:
    from storage.operations import control

    trained.send(trained.life()[:5])
    (job_id,) = trained.open_jobs()
    control.cancel(job_id)
    trained.send(trained.life()[5:10])
    trained.work()
    assert trained.unit()["condition_at"] == trained.unit()["seen_at"]
    assert claims.claim(job_id, "worker-2", 30) is None
