"""What charts of a unit read: few points, which show short peaks and the newest reading."""

from __future__ import annotations

import pytest

from storage.database import execute, transaction
from tests.integration.serving import Http
from tests.integration.telemetry.plant import HOUR, Plant

COURSE = "/api/gan/machines/press_1/units/1/course"


@pytest.fixture
def plant(http: Http) -> Plant:
    found = Plant(http.service.settings)
    found.add_machine()
    return found


def test_a_long_period_has_few_readings_and_the_newest_is_one(http: Http, plant: Plant) -> None:
    plant.send([plant.reading(hour, vibration=1 + hour / 30) for hour in range(100)])
    period = {"since": plant.now, "until": plant.now + 99 * HOUR, "points": 10}
    found = http.get(f"{COURSE}/readings", params=period).json()
    hours = [(at - plant.now) // HOUR for at in found["at"]]
    assert hours == [0, 24, 25, 49, 50, 74, 75, 99, 99]
    assert found["readings"]["vibration"] == [float(f"{1 + hour / 30:.5g}") for hour in hours]
    assert found["readings"]["temperature"] == [None] * 9
    part = {"since": plant.now + 5 * HOUR, "until": plant.now + 7 * HOUR}
    found = http.get(f"{COURSE}/readings", params=part).json()
    assert [(at - plant.now) // HOUR for at in found["at"]] == [5, 6, 7]


def test_a_short_peak_in_a_long_period_is_seen(http: Http, plant: Plant) -> None:
    readings = dict.fromkeys(range(100), 2.0) | {30: 7.0, 63: 1.0, 66: 8.0}
    plant.send([plant.reading(hour, vibration=value) for hour, value in readings.items()])
    period = {"since": plant.now, "until": plant.now + 99 * HOUR, "points": 10}
    found = http.get(f"{COURSE}/readings", params=period).json()
    assert found["readings"]["vibration"] == [2, 2, 2, 7, 1, 8, 2, 2, 2]


def test_a_long_period_has_few_forecasts_and_the_newest_is_one(http: Http, plant: Plant) -> None:
    plant.send([plant.reading(0)])
    for hour in range(40):
        add_forecast(plant.now + hour * HOUR, None if hour == 39 else 100.0 - hour)
    period = {"since": plant.now, "until": plant.now + 39 * HOUR, "points": 4}
    found = http.get(f"{COURSE}/forecasts", params=period).json()
    assert [(at - plant.now) // HOUR for at in found["predicted_at"]] == [9, 19, 29, 38]
    assert found["rul_hours"] == [91, 81, 71, 62]
    assert found["rul_low_hours"] == [90, 80, 70, 61]
    assert found["rul_high_hours"] == [92, 82, 72, 63]
    before = http.get(f"{COURSE}/forecasts", params={"since": 0, "until": 1}).json()
    assert set(map(tuple, before.values())) == {()}


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_period_that_cannot_be_is_refused(http: Http, plant: Plant) -> None:
    plant.send([plant.reading(0)])
    for name in ("readings", "forecasts"):
        backwards = http.get(f"{COURSE}/{name}", params={"since": 2, "until": 1})
        assert backwards.status_code == 422
        assert backwards.json()["errors"][0]["path"] == "query.until"
        nowhere = COURSE.replace("units/1", "units/9")
        assert http.get(f"{nowhere}/{name}", params={"since": 1, "until": 2}).status_code == 404


def add_forecast(at: int, rul: float | None) -> None:
    """Keep a forecast of the unit, as the stage does."""
    with transaction():
        execute(
            "INSERT INTO predictions (machine_id, unit_id, life, level, rul_hours, rul_low_hours,"
            " rul_high_hours, predicted_at, created_at)"
            " SELECT machine_id, id, 1, 'healthy', :rul, :low, :high, :at, :at FROM units",
            rul=rul,
            low=rul and rul - 1,
            high=rul and rul + 1,
            at=at,
        )
