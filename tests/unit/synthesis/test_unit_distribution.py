"""How new units differ: as known ones do, and in the groups of known ones."""

from __future__ import annotations

import numpy as np
import pytest

from GAN.synthesis.grouping import FEWEST, grouped
from GAN.synthesis.unit_distribution import Matrix, UnitDistribution

UNITS, CORNERS, SENSORS = 20, 4, 3


def of_two_kinds(rng: np.random.Generator) -> tuple[Matrix, Matrix]:
    """Deviations and logarithms of lives: units of the second kind read higher and live longer."""
    kind = np.arange(UNITS) % 4 == 0
    deviations = rng.normal(size=(UNITS, CORNERS, SENSORS))
    deviations[kind, :, 0] += 40
    deviations -= deviations.mean(axis=0)
    return deviations, 5 + 0.1 * rng.normal(size=UNITS) + 2 * kind


def test_units_of_one_kind_are_one_group() -> None:
    rng = np.random.default_rng(0)
    found = [grouped(rng.normal(size=(UNITS, 15))).max() for _ in range(200)]
    assert np.mean(np.array(found) == 0) > 0.95


def test_a_wide_gap_in_one_sensor_divides_units() -> None:
    deviations, _ = of_two_kinds(np.random.default_rng(0))
    assert (grouped(deviations.mean(axis=1)) == (np.arange(UNITS) % 4 == 0)).all()


def test_groups_are_divided_again() -> None:
    levels = np.repeat([0.0, 10.0, 50.0], FEWEST)[:, None] + np.linspace(0, 1, 3 * FEWEST)[:, None]
    assert len(np.unique(grouped(levels))) == 3


def test_a_few_units_show_no_groups() -> None:
    assert not grouped(np.repeat([0.0, 9.0], [FEWEST - 3, 2])[:, None]).any()


def test_new_units_are_of_a_known_kind_and_differ_within_it_as_known_ones_do() -> None:
    rng = np.random.default_rng(1)
    deviations, lives = of_two_kinds(rng)
    learnt = UnitDistribution.of_units(deviations, lives, UNITS - 1)
    hours = np.exp(rng.choice(lives, 2_000))
    level = np.array([learnt.drawn(each, rng).curve.mean(axis=0) for each in hours])
    low, high = level[:, 0] < 10, level[:, 0] >= 10
    between = deviations.mean(axis=1)[:, 0]
    assert level[low, 0].mean() == pytest.approx(between[between < 10].mean(), abs=0.3)
    assert level[high, 0].mean() == pytest.approx(between[between >= 10].mean(), abs=0.3)
    assert level[:, 1].std() == pytest.approx(deviations.mean(axis=1)[:, 1].std(), rel=0.25)
    # Each kind has its own length of life.
    assert (low == (np.log(hours) < 6)).mean() > 0.99


def test_units_that_are_alike_in_batches_stay_so() -> None:
    rng = np.random.default_rng(2)
    batch = rng.permutation(np.repeat([-1.0, 1.0], 25))
    # The batches are too near to each other to be two kinds.
    deviations = (2 * batch + rng.normal(size=50))[:, None, None] * np.ones((CORNERS, 1))
    learnt = UnitDistribution.of_units(deviations, np.full(50, 5.0), 49)
    assert len(learnt.group_lives) == 1
    levels = np.array([learnt.drawn(np.exp(5.0), rng).curve.mean() for _ in range(2_000)])
    assert levels.std() == pytest.approx(deviations.std(), rel=0.1)
    # A normal distribution of the same spread has 24 % of its units there.
    assert np.mean(np.abs(levels) < 0.3 * levels.std()) < 0.19
