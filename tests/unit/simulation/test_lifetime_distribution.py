from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from GAN.config.rul_profiles import RUL_PROFILES
from GAN.simulation.lifetime_distribution import LifetimeDistribution, draw_lives

MOTOR = RUL_PROFILES["motor"]


def of_failed(*hours: float, longest: float = 1_000) -> LifetimeDistribution:
    lived = np.array(hours)
    life = MOTOR._replace(max_rul_hours=longest)
    return LifetimeDistribution.of_units(lived, np.ones(len(lived), dtype=bool), life)


def test_drawn_lives_are_as_like_other_units_as_the_known_ones_are() -> None:
    """Two kinds of lives: no Weibull distribution has two peaks."""
    rng = np.random.default_rng(0)
    lives = np.concatenate([rng.normal(200, 20, 100), rng.normal(800, 60, 100)]).clip(50, 1_000)
    rng.shuffle(lives)
    known, others = lives[:50], lives[50:]
    drawn = of_failed(*known).draw(1_000, rng)
    assert ks_2samp(drawn, others).statistic < 2 * ks_2samp(known, others).statistic
    weibull = draw_lives(MOTOR._replace(max_rul_hours=known.max()), 1_000, rng)
    assert ks_2samp(weibull, others).statistic > 3 * ks_2samp(known, others).statistic


def test_one_life_varies_as_the_profile_expects() -> None:
    drawn = of_failed(400).draw(1_000, np.random.default_rng(0))
    assert np.median(drawn) == pytest.approx(400, rel=0.1)
    assert 0.3 < drawn.std() / drawn.mean() < 0.5


def test_many_equal_lives_stay_almost_equal() -> None:
    drawn = of_failed(*[400.0] * 100).draw(1_000, np.random.default_rng(0))
    assert drawn.std() / drawn.mean() < 0.06


def test_units_that_have_not_failed_make_lives_longer() -> None:
    lived = np.array([300.0, 400, 500, 450, 550, 600])
    failed = np.array([True, True, True, False, False, False])
    life = MOTOR._replace(max_rul_hours=600)
    without = LifetimeDistribution.of_units(lived[:3], failed[:3], life)
    assert LifetimeDistribution.of_units(lived, failed, life).mean_hours > without.mean_hours + 40


@given(
    st.lists(st.floats(1, 1_000), min_size=1, max_size=30),
    st.floats(50, 1_000),
    st.integers(1, 50),
    st.integers(0, 2**32 - 1),
)
def test_lives_stay_between_half_of_the_shortest_and_the_longest(
    hours: list[float], longest: float, units: int, seed: int
) -> None:
    drawn = of_failed(*hours, longest=longest).draw(units, np.random.default_rng(seed))
    assert len(drawn) == units
    assert drawn.min() >= min(*hours, longest) / 2 - 1e-9
    assert drawn.max() <= longest + 1e-9


def test_few_draws_have_the_mean_of_the_distribution() -> None:
    profile = LifetimeDistribution.of_profile(MOTOR)
    means = [profile.draw(8, np.random.default_rng(seed)).mean() for seed in range(50)]
    independent = [draw_lives(MOTOR, 8, np.random.default_rng(seed)).mean() for seed in range(50)]
    assert np.mean(means) == pytest.approx(profile.mean_hours, rel=0.02)
    assert np.std(means) < np.std(independent) / 3
