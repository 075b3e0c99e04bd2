"""Repairs of units: some sensors begin anew, and the life goes on."""

from __future__ import annotations

import pytest

from actors.runtime.execution.outcomes import write_outcome
from actors.stage import STAGES
from errors import Conflict, InvalidInput, NotFound
from events.lives import repair
from storage.database import execute, reading
from storage.queries import events
from storage.queries.in_service.outcomes import report
from storage.telemetry.repairs import Repair
from tests.integration.serving import claimed
from tests.integration.telemetry.judged import add_version, end, say, warn
from tests.integration.telemetry.plant import HOUR, Plant


def mend(
    plant: Plant, hour: float, unit: str = "1", sensors: tuple[str, ...] = ("vibration",)
) -> int:
    done = Repair("press_1", unit, plant.now + round(hour * HOUR), sensors, "balanced")
    return repair(done, plant.sent.extend, "ann")


def hour_of(plant: Plant, number: int) -> float:
    return (plant.life()[number].at - plant.now) / HOUR


def test_a_repaired_unit_has_no_alert_and_no_forecast_until_its_next_reading(plant: Plant) -> None:
    plant.train()
    worn = plant.life()
    plant.send(worn)
    plant.work()
    assert plant.unit()["level"] == "alarm"
    last = hour_of(plant, -1)
    assert mend(plant, last + 1) == 1
    unit = plant.unit()
    assert (unit["life"], unit["level"], unit["rul_hours"]) == (1, "no_forecast", None)
    with reading():
        assert execute("SELECT cleared_by FROM alerts") == [("maintenance",)]
    found = next(event for event in events.events() if event.type == "UnitRepaired")
    assert (found.payload["sensors"], found.actor) == (["vibration"], "ann")
    plant.send([plant.reading(last + 2, vibration=1.5, temperature=45.0)])
    plant.work()
    unit = plant.unit()
    assert (unit["life"], unit["level"]) == (1, "healthy")
    assert unit["rul_hours"] > 50


def test_a_repair_reported_late_gives_what_it_would_have_given_in_time(plant: Plant) -> None:
    plant.train()
    for unit in ("late", "timely"):
        plant.send(plant.life(unit)[:40])
        plant.work()
    at = hour_of(plant, 39)
    mend(plant, at, "timely")
    for unit in ("late", "timely"):
        plant.send(plant.life(unit)[40:60])
    plant.work()
    assert plant.unit("late")["condition"] != plant.unit("timely")["condition"]
    mend(plant, at, "late")
    plant.work()
    assert plant.unit("late")["condition"] == plant.unit("timely")["condition"]


def test_a_repair_reported_while_a_job_uses_later_readings_is_not_lost(plant: Plant) -> None:
    plant.train()
    at = hour_of(plant, 19)
    plant.send(plant.life("timely")[:20])
    plant.work()
    mend(plant, at, "timely")
    plant.send(plant.life("timely")[20:40])
    plant.work()
    plant.send(plant.life("late")[:40])
    claim = claimed(plant.open_jobs()[0])
    finished = plant.finished(claim)
    mend(plant, at, "late")
    write_outcome(claim, finished, STAGES[claim.stage])
    plant.work()
    assert plant.unit("late")["condition"] == plant.unit("timely")["condition"]


def test_the_file_of_a_repaired_life_begins_after_the_repair(plant: Plant) -> None:
    plant.train()
    plant.send(plant.life()[:40])
    plant.work()
    mend(plant, hour_of(plant, 19))
    plant.work()
    end(plant, hour_of(plant, 39) + 1, mode="bearing")
    plant.work()
    ended = next(event for event in events.events() if event.type == "LifeEnded")
    assert ended.payload["rows"] == 20


def test_forecasts_and_alerts_before_a_repair_are_not_judged_by_what_came_after_it(
    plant: Plant,
) -> None:
    add_version(plant, 1)
    plant.send([plant.reading(hour) for hour in (0, 300)])
    say(plant, 270, "alarm")
    warn(plant, 270, cleared_by="maintenance")
    warn(plant, 290)
    mend(plant, 272)
    say(plant, 290, "alarm")
    end(plant, 300, mode="bearing")
    found = report.outcomes(silent_hours=24.0)
    eight, day, _ = found.horizons
    assert (eight.hit.of, day.hit.of, day.without) == (1, 0, 1)
    assert (found.alerts.right, found.alerts.undecided, found.alerts.false.count) == (1, 1, 0)


def test_a_repair_that_cannot_be_is_refused(plant: Plant) -> None:
    plant.send(plant.life()[:5])
    with pytest.raises(InvalidInput) as error:
        mend(plant, 2_000, sensors=("vibratoin",))
    assert [problem.path for problem in error.value.problems] == ["at", "sensors[0]"]
    assert "write vibration" in str(error.value)
    with pytest.raises(InvalidInput, match="report a replacement"):
        mend(plant, 1, sensors=())
    with pytest.raises(NotFound):
        mend(plant, 1, unit="2")
    with pytest.raises(Conflict, match="began later"):
        mend(plant, -1)
    mend(plant, 1)
    with pytest.raises(Conflict, match="reported before"):
        mend(plant, 1)
    assert plant.count("repairs") == 1
