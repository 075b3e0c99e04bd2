from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from GAN.config.quality_gates import GATES
from GAN.config.rul_profiles import RUL_PROFILES
from GAN.evaluation.lives.life_lengths import (
    Floats,
    real_life_length_error,
    simulated_life_length_error,
)
from GAN.simulation.lifetime_distribution import LifetimeDistribution, draw_lives

PUMP = RUL_PROFILES["pump"]
POOR = GATES["life_length_error"].usable


def errors(made: Floats, lived: Floats) -> tuple[float, float]:
    """Against the profile that the known lives were drawn from, and against these."""
    failed = np.full(len(lived), True)
    return simulated_life_length_error(made, PUMP), real_life_length_error(made, lived, failed)


def test_one_good_set_of_a_hundred_fails_by_chance() -> None:
    rng = np.random.default_rng(0)
    found = np.array(
        [errors(draw_lives(PUMP, 30, rng), draw_lives(PUMP, 20, rng)) for _ in range(400)]
    )
    assert ((found > POOR).mean(axis=0) < 0.02).all()
    assert (found.max(axis=0) > POOR).all()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda made: 1.5 * made,
        lambda made: 2 * made,
        lambda made: made / 2,
        lambda made: np.full(len(made), made.mean()),
    ],
    ids=["half as long again", "twice as long", "half as long", "all of one length"],
)
def test_lives_of_the_wrong_length_are_found(spoil: Callable[[Floats], Floats]) -> None:
    rng = np.random.default_rng(0)
    lived = draw_lives(PUMP, 100, rng)
    made = LifetimeDistribution.of_profile(PUMP).draw(100, rng)
    assert max(errors(made, lived)) < GATES["life_length_error"].good
    assert min(errors(spoil(made), lived)) > POOR
    assert simulated_life_length_error(1.3 * made, PUMP) > POOR


def test_units_that_have_not_failed_are_known_to_live_longer() -> None:
    lived = np.concatenate([np.linspace(100, 500, 20), np.full(20, 500.0)])
    failed = np.arange(40) < 20
    longer = LifetimeDistribution.of_units(lived, failed, PUMP)
    shorter = LifetimeDistribution.of_units(lived[failed], failed[failed], PUMP)
    rng = np.random.default_rng(0)
    assert real_life_length_error(longer.draw(60, rng), lived, failed) < POOR
    assert real_life_length_error(shorter.draw(60, rng), lived, failed) > POOR


def test_one_known_unit_fails_no_set() -> None:
    made = LifetimeDistribution.of_profile(PUMP).draw(30, np.random.default_rng(0))
    one = np.array([made.min() - 1.0])
    assert real_life_length_error(made, one, np.array([True])) <= POOR
