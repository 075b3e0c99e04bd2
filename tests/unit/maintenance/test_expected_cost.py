"""Costs agree with what is counted on simulated units."""

from __future__ import annotations

import numpy as np
import pytest

from GAN.maintenance.expected_cost import ExpectedCosts
from GAN.maintenance.remaining_life import RemainingLives
from GAN.maintenance.request import UnitForecast
from GAN.maintenance.rules import best_age
from GAN.prognosis.heads.error_distribution import LEVELS, probability_within
from tests.unit.maintenance.fleets import NOW, TERMS, unit, windows


def lives_of(*units: UnitForecast) -> RemainingLives:
    return RemainingLives.of_quantiles(np.array([each.rul_hours for each in units]))


def test_probabilities_agree_with_those_of_the_predictor() -> None:
    each = unit()
    for level, hours in zip(LEVELS[1:-1], each.rul_hours[1:-1], strict=True):
        for limit in (hours, 1.01 * hours):
            expected = probability_within(np.array([each.rul_hours]), limit)
            found = lives_of(each).probability_within(np.array([limit]))
            assert found == pytest.approx(expected)
        assert lives_of(each).probability_within(np.array([hours])) == pytest.approx(level)


def test_probabilities_go_on_beyond_the_outer_quantiles() -> None:
    each = unit()
    lowest, next_one = each.rul_hours[:2]
    hours = lowest - np.array([1.0, 0.5, 0.0]) * (next_one - lowest)
    found = [lives_of(each).probability_within(np.array([limit]))[0] for limit in hours]
    assert found == pytest.approx([0.0, 0.0025, 0.005])
    beyond = lives_of(each).probability_within(np.array([each.rul_hours[-1] * 1.001]))[0]
    assert 0.995 < beyond < 1.0
    assert lives_of(each).probability_within(np.array([1e6]))[0] == pytest.approx(1.0)


def test_no_life_is_shorter_than_nothing() -> None:
    rul = np.concatenate([[1.0, 3.0], np.linspace(4.0, 20.0, len(LEVELS) - 2)])[None]
    lives = RemainingLives.of_quantiles(rul)
    assert lives.probability_within(np.zeros(1))[0] == 0.0
    assert lives.probability_within(np.array([0.5]))[0] == pytest.approx(0.0025)


def test_a_unit_beyond_every_lifetime_fails_at_once() -> None:
    lives = RemainingLives.of_quantiles(np.zeros((1, len(LEVELS))))
    assert lives.probability_within(np.array([0.0]))[0] == pytest.approx(1.0)
    assert lives.mean_hours_beyond(np.array([0.0]))[0] == 0.0


def test_costs_are_those_that_are_counted_on_drawn_lives() -> None:
    each, times = unit(median=300.0, spread=0.5), windows(3, units=1)
    lives = {"pump_a": [400.0, 600.0]}
    end = times[-1].end
    costs = ExpectedCosts.of([each], times, TERMS, lives, end)
    share = np.random.default_rng(0).random(200_000)
    levels = np.concatenate([[0.0], LEVELS, [1.0]])
    rul = np.interp(share, levels, lives_of(each).edges[0])
    for index, start in enumerate((24.0, 192.0, 360.0)):
        lost = np.maximum(rul - start, 0.0) * TERMS.stop_cost / 500.0
        counted = np.where(rul <= start, TERMS.failure_cost, TERMS.stop_cost) + lost
        assert costs.of_stop(0, index).total == pytest.approx(counted.mean(), rel=0.01)
    horizon = (end - NOW).total_seconds() / 3600.0
    waiting = np.where(rul <= horizon, TERMS.failure_cost, TERMS.stop_cost)
    assert costs.of_waiting(0).total == pytest.approx(waiting.mean(), rel=0.01)


def test_a_saving_is_the_difference_of_both_costs() -> None:
    times = windows(2, units=1)
    costs = ExpectedCosts.of([unit(), unit("2", 50.0)], times, TERMS, {}, times[-1].end)
    for n in range(2):
        for w in range(2):
            saved = costs.of_waiting(n).total - costs.of_stop(n, w).total
            assert costs.savings[n, w] == pytest.approx(saved)


def test_lost_life_is_charged_by_the_lifetimes_of_the_type_if_they_are_known() -> None:
    times, each = windows(1, units=1), unit(age_hours=300.0)
    own = ExpectedCosts.of([each], times, TERMS, {}, times[-1].end)
    typed = ExpectedCosts.of([each], times, TERMS, {"pump_a": [1000.0]}, times[-1].end)
    mean = 300.0 + lives_of(each).mean_hours_beyond(np.zeros(1))[0]
    assert own.lost_life * mean == pytest.approx(typed.lost_life * 1000.0)


def test_the_best_age_is_that_of_the_lowest_cost_per_hour() -> None:
    lives = np.sort(np.random.default_rng(1).weibull(3.0, 400) * 500.0)

    def rate(age: float) -> float:
        failed = lives < age
        return float(np.where(failed, 10.0, 1.0).sum() / np.minimum(lives, age).sum())

    found = best_age(lives.tolist(), 10.0, 1.0)
    assert rate(found) == pytest.approx(min(rate(age) for age in lives))
    # The Weibull distribution's own best age, by its density: 2.42 h^3 = 1 (h in 500 hours).
    assert found == pytest.approx(190.0, rel=0.15)


def test_replacing_by_age_never_pays_if_units_do_not_wear() -> None:
    lives = np.sort(np.random.default_rng(1).exponential(500.0, 2_000))
    assert best_age(lives.tolist(), 1.5, 1.0) == np.inf or best_age(
        lives.tolist(), 1.5, 1.0
    ) > np.quantile(lives, 0.99)
