"""The plan is the cheapest one, keeps to the capacities, and says why."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errors import InvalidInput
from GAN.maintenance.capacity import Capacities
from GAN.maintenance.expected_cost import ExpectedCosts
from GAN.maintenance.plan import LeftOutBecause, Plan
from GAN.maintenance.planning import plan
from GAN.maintenance.request import Terms, UnitForecast, Window
from GAN.maintenance.windows import next_chance
from tests.unit.maintenance.fleets import NOW, TERMS, fleet, unit, windows

LIFETIMES = {"pump_a": [200.0, 400.0, 500.0, 600.0, 900.0]}


def cheapest(units: list[UnitForecast], times: list[Window], terms: Terms = TERMS) -> float:
    """The cost of the cheapest plan, by trying every one."""
    costs = ExpectedCosts.of(units, times, terms, LIFETIMES, next_chance(times))
    stop = [[costs.of_stop(n, w).total for w in range(len(times))] for n in range(len(units))]
    waiting = [costs.of_waiting(n).total for n in range(len(units))]
    least = np.inf
    for choice in itertools.product(range(-1, len(times)), repeat=len(units)):
        for index, window in enumerate(times):
            inside = [float(costs.stop_hours[n]) for n, w in enumerate(choice) if w == index]
            if window.units is not None and len(inside) > window.units:
                break
            if window.work_hours is not None and sum(inside) > window.work_hours:
                break
        else:
            cost = sum(waiting[n] if w < 0 else stop[n][w] for n, w in enumerate(choice))
            least = min(least, cost)
    return float(least)


def assert_within_capacity(found: Plan) -> None:
    for index, use in enumerate(found.windows):
        inside = [stop for stop in found.stops if stop.window == index]
        assert use.units == len(inside)
        assert use.work_hours == pytest.approx(sum(stop.stop_hours for stop in inside))
        if use.window.units is not None:
            assert len(inside) <= use.window.units
        if use.window.work_hours is not None:
            assert use.work_hours <= use.window.work_hours + 1e-6
        assert all(stop.stop_hours <= use.window.hours for stop in inside)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("capacity", [{"units": 1}, {"units": 2}, {"work_hours": 8.0}])
def test_no_plan_of_a_small_fleet_is_cheaper(seed: int, capacity: dict[str, float]) -> None:
    units = fleet(seed, 5, mixed="work_hours" in capacity)
    times = windows(3, **capacity)  # type: ignore[arg-type]
    found = plan(units, times, TERMS, LIFETIMES)
    assert found.expected_cost == pytest.approx(cheapest(units, times), rel=1e-9)
    assert found.at_most_above_best == pytest.approx(0.0, abs=1e-4)
    assert_within_capacity(found)


@pytest.mark.parametrize("seed", range(3))
def test_no_plan_is_cheaper_if_units_and_hours_are_both_limited(seed: int) -> None:
    units = fleet(seed, 7, mixed=True)
    times = windows(2, units=2, work_hours=9.0)
    assert plan(units, times, TERMS, LIFETIMES).expected_cost == pytest.approx(
        cheapest(units, times), rel=1e-9
    )


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10_000),
    count=st.integers(1, 14),
    weeks=st.integers(1, 4),
    units=st.none() | st.integers(0, 4),
    hours=st.none() | st.floats(0.0, 20.0),
    mixed=st.booleans(),
)
def test_a_plan_costs_no_more_than_any_rule_and_more_room_never_costs_more(
    seed: int, count: int, weeks: int, units: int | None, hours: float | None, mixed: bool
) -> None:
    if units is None and hours is None:
        units = 1
    times = windows(weeks, units, hours)
    found = plan(fleet(seed, count, mixed=mixed), times, TERMS, LIFETIMES)
    assert_within_capacity(found)
    assert len(found.stops) + len(found.left_out) == count
    assert {rule.rule for rule in found.rules} == {"run to failure", "fixed age", "threshold"}
    assert all(found.expected_cost <= rule.expected_cost + 1e-9 for rule in found.rules)
    parts = [each.cost.total for each in (*found.stops, *found.left_out)]
    assert found.expected_cost == pytest.approx(sum(parts))
    assert all(stop.saved > 0 for stop in found.stops)
    more = [
        replace(
            window,
            units=None if units is None else units + 1,
            work_hours=None if hours is None else hours + 3.0,
        )
        for window in times
    ]
    roomier = plan(fleet(seed, count, mixed=mixed), more, TERMS, LIFETIMES)
    assert roomier.expected_cost <= found.expected_cost * (1 + 1e-6)


def test_a_plan_of_many_units_with_stops_of_many_lengths_is_near_the_bound() -> None:
    found = plan(fleet(3, 600, mixed=True), windows(4, work_hours=50.0), TERMS, LIFETIMES)
    assert_within_capacity(found)
    assert found.at_most_above_best < 1e-3 * found.expected_cost


def test_the_order_of_units_and_windows_does_not_matter() -> None:
    units, times = fleet(1, 12), windows(3, units=2)
    assert plan(units, times, TERMS) == plan(units[::-1], times[::-1], TERMS)


def test_a_worn_unit_is_stopped_before_it_fails_and_a_new_one_is_not() -> None:
    found = plan([unit("worn", 100.0, 0.2), unit("new", 5_000.0, 0.2)], windows(2, units=2), TERMS)
    assert [(stop.unit, stop.window) for stop in found.stops] == [("worn", 0)]
    assert found.left_out[0].because is LeftOutBecause.NOT_WORTH_IT


def test_a_unit_that_is_known_to_fail_late_is_stopped_as_late_as_possible() -> None:
    found = plan([unit("late", 500.0, 0.001)], windows(4, units=1), TERMS)
    assert found.stops[0].window == 2  # It starts after 360 hours, the next one after 528.


def test_a_unit_that_survives_the_horizon_for_sure_is_left_out() -> None:
    found = plan([unit("sure", 200.0, 0.001)], windows(1, units=1), TERMS)
    assert found.left_out[0].cost.later_stop == pytest.approx(TERMS.stop_cost)
    assert found.expected_cost == pytest.approx(TERMS.stop_cost)


def test_the_horizon_ends_at_the_next_chance() -> None:
    times = windows(3, units=1, every_hours=100.0)
    assert plan([unit()], times, TERMS).horizon_end == NOW + timedelta(hours=324)
    assert plan([unit()], times[:1], TERMS).horizon_end == NOW + timedelta(hours=24 + 168)


def test_a_longer_horizon_stops_more_units() -> None:
    units, times = fleet(5, 30), windows(1, units=30)
    short = plan(units, times, TERMS, horizon_end=NOW + timedelta(hours=30))
    long = plan(units, times, TERMS, horizon_end=NOW + timedelta(hours=500))
    assert len(short.stops) < len(long.stops)


def test_the_reason_says_why_a_unit_is_left_out() -> None:
    units = [
        unit("crowded", 100.0, 0.2),
        unit("dearer", 100.0, 0.2, failure_cost=50.0),
        unit("dying", 5.0, 0.3),
        unit("long", 100.0, 0.2, stop_hours=9.0),
        unit("new", 5_000.0, 0.2),
    ]
    found = plan(units, windows(1, units=1), TERMS)
    assert [stop.unit for stop in found.stops] == ["dearer"]
    assert {each.unit: each.because for each in found.left_out} == {
        "crowded": LeftOutBecause.NO_ROOM,
        "dying": LeftOutBecause.TOO_LATE,
        "long": LeftOutBecause.TOO_LONG,
        "new": LeftOutBecause.NOT_WORTH_IT,
    }
    dying = next(each for each in found.left_out if each.unit == "dying")
    assert "stop it now" in dying.reason


def test_without_lifetimes_there_is_no_fixed_age_rule() -> None:
    rules = plan([unit()], windows(1, units=1), TERMS).rules
    assert [rule.rule for rule in rules] == ["run to failure", "threshold"]


def test_every_problem_of_the_input_is_reported() -> None:
    bad = [
        replace(unit("a"), rul_hours=(3.0, 2.0)),
        replace(unit("b"), age_hours=float("nan")),
        replace(unit("b"), forecast_at=datetime(2026, 12, 1)),
        unit("c", failure_cost=0.5),
    ]
    times = [replace(windows(1)[0]), Window(NOW, NOW, units=-1)]
    with pytest.raises(InvalidInput) as caught:
        plan(bad, times, Terms(1.0, 2.0, float("inf")), {"pump_a": [2.0, 1.0]})
    assert [problem.path for problem in caught.value.problems] == [
        "terms.stop_hours",
        "units[0].rul_hours",
        "units[1].age_hours",
        "units[2].forecast_at",
        "units[3].stop_hours",
        "units[2]",
        "windows[0]",
        "windows[1]",
        "windows[1].units",
        "lifetimes.pump_a",
    ]


@pytest.mark.parametrize(
    ("times", "end", "message"),
    [
        ([], None, "0 is out of range"),
        ([Window(NOW - timedelta(1), NOW, 1)], None, "before the newest forecast"),
        (windows(1, 1) * 2, None, "repeats windows[0]"),
        (windows(2, 1), NOW, "not after the start of the last window"),
        (windows(2, 1), datetime(2027, 1, 1), "no time zone"),
        (windows(2, 1, every_hours=1e5), None, "days after the newest forecast"),
    ],
)
def test_windows_that_make_no_sense_are_refused(
    times: list[Window], end: datetime | None, message: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        plan([unit()], times, TERMS, horizon_end=end)
    assert message in str(caught.value)


def test_a_failure_that_costs_less_than_a_stop_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no stop ever pays"):
        plan([unit()], windows(1, 1), Terms(1.0, 10.0, 4.0))


def test_a_stop_is_as_long_as_the_window_at_most() -> None:
    capacities = Capacities.of_windows(windows(1, units=1))
    assert capacities.long_enough(np.array([8.0, 8.1])).ravel().tolist() == [True, False]
