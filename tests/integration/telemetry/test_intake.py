"""Readings in: what is taken, what is refused, and that each reading counts once."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from errors import InvalidInput, NotFound
from storage.database import clock_ms
from storage.queries import events
from tests.integration.telemetry.plant import HOUR, Plant


def problems(error: pytest.ExceptionInfo[InvalidInput]) -> list[str]:
    return [str(problem) for problem in error.value.problems]


def test_readings_are_taken_and_units_come_to_be(plant: Plant) -> None:
    taken = plant.send([plant.reading(0), plant.reading(1), plant.reading(0, "2")])
    assert (taken.taken, taken.known, taken.refused, taken.problems) == (3, 0, 0, [])
    assert plant.unit("1")["began_at"] == plant.now
    assert plant.unit("1")["seen_at"] == plant.now + HOUR
    assert plant.count("units") == 2


def test_the_same_batch_again_changes_nothing(plant: Plant) -> None:
    rows = [plant.reading(hour) for hour in range(5)]
    plant.send(rows)
    before = plant.unit()
    again = plant.send(rows)
    assert (again.taken, again.known, again.problems) == (0, 5, [])
    assert plant.unit() == before
    assert plant.count("readings") == 5


def test_a_second_reading_of_one_time_is_named_and_the_first_one_counts(plant: Plant) -> None:
    plant.send([plant.reading(0, vibration=1.5)])
    taken = plant.send([plant.reading(0, vibration=1.6), plant.reading(1, vibration=1.6)])
    assert (taken.taken, taken.known) == (1, 1)
    assert [str(p) for p in taken.problems] == [
        "hour 0: unit 1 has other readings at that time; they stay"
    ]
    doubled = plant.send([plant.reading(2, vibration=1.5), plant.reading(2, vibration=1.7)])
    assert (doubled.taken, doubled.known, len(doubled.problems)) == (1, 1, 1)


def test_readings_before_the_life_began_are_refused(plant: Plant) -> None:
    plant.send([plant.reading(5)])
    taken = plant.send([plant.reading(4), plant.reading(6)])
    assert (taken.taken, taken.refused) == (1, 1)
    assert "hour 4: the life of unit 1 began later" in str(taken.problems[0])


def test_readings_out_of_order_are_taken_and_not_late_until_a_later_one_was_used(
    plant: Plant,
) -> None:
    plant.train()
    plant.send([plant.reading(0), plant.reading(9)])
    assert plant.send([plant.reading(3)]).late == 0
    plant.work()
    used = plant.unit()
    late = plant.send([plant.reading(5)])
    assert (late.taken, late.late) == (1, 1)
    assert plant.open_jobs() == []
    assert plant.unit()["condition"] == used["condition"]


def test_a_clock_ahead_is_refused_and_five_minutes_are_forgiven(plant: Plant) -> None:
    ahead = (clock_ms() - plant.now) / HOUR
    assert plant.send([plant.reading(ahead + 4 / 60)]).taken == 1
    with pytest.raises(InvalidInput, match="ahead of the ledger's clock"):
        plant.send([plant.reading(ahead + 6 / 60)])


def test_an_unknown_sensor_is_left_out_and_named_once(plant: Plant) -> None:
    rows = [plant.reading(hour, vibration=1.5, flux=3) for hour in range(30)]
    taken = plant.send(rows)
    assert taken.taken == 30
    assert [str(p) for p in taken.problems] == ["flux: no such sensor, in 30 rows; it was left out"]


def test_a_row_without_a_known_sensor_is_refused_with_the_nearest_name(plant: Plant) -> None:
    with pytest.raises(InvalidInput) as error:
        plant.send([plant.reading(0, vibratoin=1.5)])
    assert problems(error) == ["hour 0: no reading of a known sensor; write vibration"]
    assert plant.count("units") == 0


def test_an_impossible_value_is_missing_and_counted(plant: Plant) -> None:
    taken = plant.send([plant.reading(0, vibration=-4.0, temperature=45.0)])
    assert taken.taken == 1
    assert [str(p) for p in taken.problems] == [
        "vibration: beyond its physical limits in 1 rows; counts as missing"
    ]


@pytest.mark.parametrize("value", ["warm", "inf", float("inf"), True, [1]])
def test_what_is_no_number_is_refused_with_its_place(plant: Plant, value: object) -> None:
    taken = plant.send([plant.reading(0, vibration=value), plant.reading(1)])
    assert (taken.taken, taken.refused) == (1, 1)
    assert taken.problems[0].path == "hour 0"
    assert taken.problems[0].advice == "write a finite number, or nothing"


def test_nan_and_null_are_missing(plant: Plant) -> None:
    rows = [plant.reading(0, vibration=float("nan"), temperature=None), plant.reading(1)]
    assert plant.send(rows).taken == 2


@pytest.mark.parametrize("unit", ["", "a/b", "../x", "a" * 61, "ä", "a\0"])
def test_a_unit_name_that_is_no_name_is_refused(plant: Plant, unit: str) -> None:
    with pytest.raises(InvalidInput, match="is not a name"):
        plant.send([plant.reading(0, unit)])


def test_other_units_of_measurement_are_converted(plant: Plant) -> None:
    rows = [plant.reading(0, temperature=113.0)]
    plant.send(rows, units={"temperature": "degF"})
    assert plant.figures() == [pytest.approx([math.nan, 45.0], nan_ok=True)]


def test_a_unit_of_measurement_that_does_not_convert_is_refused(plant: Plant) -> None:
    with pytest.raises(InvalidInput) as error:
        plant.send([plant.reading(0)], units={"temperature": "bar"})
    assert problems(error) == [
        "units.temperature: 'bar' does not convert to degC; write one of degC, K, degF, degR"
    ]
    assert plant.count("readings") == 0


def test_rows_of_an_unknown_machine_are_refused_and_the_rest_is_taken(plant: Plant) -> None:
    rows = [
        replace(plant.reading(0), machine="press_1"),
        replace(plant.reading(0), machine="press_9"),
    ]
    taken = plant.send(rows, None)
    assert (taken.taken, taken.refused) == (1, 1)
    assert "no machine 'press_9'" in str(taken.problems[0])
    with pytest.raises(NotFound):
        plant.send([plant.reading(0)], "press_9")


def test_more_units_than_allowed_are_refused_before_any_is_made(plant: Plant) -> None:
    rows = [plant.reading(0, f"u{n}") for n in range(4)]
    with pytest.raises(InvalidInput, match="at most 3 are allowed"):
        plant.send(rows, max_units=3)
    assert (plant.count("units"), plant.count("readings")) == (0, 0)
    assert plant.send(rows[:3], max_units=3).taken == 3


def test_no_more_problems_are_listed_than_a_person_reads(plant: Plant) -> None:
    rows = [plant.reading(hour, vibration="x") for hour in range(500)]
    taken = plant.send([*rows, plant.reading(501)])
    assert (taken.refused, len(taken.problems)) == (500, 20)


def test_without_a_predictor_nothing_is_started(plant: Plant) -> None:
    plant.send([plant.reading(0)])
    assert events.events(machine_id="press_1") == []
    assert plant.unit()["level"] == "no_forecast"
