from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from GAN.datasets.run_to_failure import TICKS_PER_HOUR, life_fraction
from GAN.profiles.profile import FailureMode, MachineProfile
from GAN.simulation.lifetime_distribution import LifetimeDistribution
from GAN.simulation.lifetimes import (
    Lives,
    plan_lives,
    plan_lives_at_step,
    plan_units_at_step,
    rows_per_life,
    timeline,
)

seeds = st.integers(0, 2**32 - 1)
longest = st.floats(50, 1_000_000)
shapes = st.floats(0.6, 20)


def aged(rig: MachineProfile, max_rul_hours: float, weibull_shape: float) -> MachineProfile:
    """The rig with other lives."""
    rul = {"max_rul_hours": max_rul_hours, "weibull_shape": weibull_shape}
    return MachineProfile.model_validate(
        {**rig.model_dump(), "rul": {**rul, "rul_noise_std_hours": 0}}
    )


def check_lives(lives: Lives, profile: MachineProfile, rows: int) -> None:
    assert sum(lives.rows) == rows
    assert min(lives.rows) >= 2
    assert max(lives.hours) <= profile.life.max_rul_hours
    assert (lives.time_step_hours * TICKS_PER_HOUR).is_integer()
    assert len(lives.failure_modes) == len(lives.rows)


@given(longest, shapes, st.integers(1_000, 100_000), st.integers(1, 200), seeds)
def test_lives_fill_the_table_exactly_and_none_is_too_long(
    rig: MachineProfile, hours: float, shape: float, rows: int, units: int, seed: int
) -> None:
    profile = aged(rig, hours, shape)
    lives = plan_lives(profile, rows, units, np.random.default_rng(seed))
    assert len(lives.rows) == units
    check_lives(lives, profile, rows)


@given(longest, shapes, st.integers(2, 50_000), st.integers(2, 2_000), seeds)
def test_lives_at_a_given_step_fill_the_table_exactly_and_none_is_too_long(
    rig: MachineProfile, hours: float, shape: float, rows: int, per_life: int, seed: int
) -> None:
    profile = aged(rig, hours, shape)
    step = max(1, int(hours * TICKS_PER_HOUR / per_life)) / TICKS_PER_HOUR
    rng = np.random.default_rng(seed)
    lifetimes = LifetimeDistribution.of_profile(profile.life)
    lives = plan_lives_at_step(lifetimes, hours, rows, step, profile.failure_modes, rng)
    assert lives.time_step_hours == step
    check_lives(lives, profile, rows)


@given(st.lists(st.integers(2, 400), min_size=1, max_size=20), st.integers(1, 2**20), seeds)
def test_rul_falls_by_exactly_one_step_a_row_to_exactly_0(
    rows: list[int], ticks: int, first_unit: int
) -> None:
    step = ticks / TICKS_PER_HOUR
    first_unit %= 1_000
    table = timeline(Lives(tuple(rows), ("seal",) * len(rows), step), first_unit)
    assert list(table["unit_id"].unique()) == list(range(first_unit, first_unit + len(rows)))
    for count, (_, life) in zip(rows, table.groupby("unit_id"), strict=True):
        assert len(life) == count
        assert life["rul_hours"].iloc[-1] == 0.0
        assert life["cycle_hour"].iloc[0] == 0.0
        assert (life["rul_hours"].diff().dropna() == -step).all()
        assert (life["cycle_hour"].diff().dropna() == step).all()
        assert life_fraction(life).iloc[[0, -1]].tolist() == [0.0, 1.0]


def test_lives_follow_a_truncated_weibull_distribution(rig: MachineProfile) -> None:
    lives = plan_lives(rig, 100_000, 200, np.random.default_rng(0))
    hours = np.array(lives.hours)
    assert hours.max() > 0.9 * rig.life.max_rul_hours
    assert 0.1 * rig.life.max_rul_hours < hours.min() < 0.3 * rig.life.max_rul_hours
    # Median of a Weibull distribution of shape 2.1, truncated at a tenth of the longest life and
    # at its 90 % quantile.
    assert np.median(hours) == pytest.approx(448, rel=0.1)
    mean_rows = rows_per_life(LifetimeDistribution.of_profile(rig.life), lives.time_step_hours)
    assert mean_rows == pytest.approx(100_000 / 200, rel=0.1)


def modes(*shares: float) -> list[FailureMode]:
    return [
        FailureMode(name=f"mode_{index}", share=share, sensors=("flow",))
        for index, share in enumerate(shares)
    ]


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=8), seeds)
def test_every_failure_mode_ends_a_life_when_there_are_enough(
    rig: MachineProfile, shares: list[float], seed: int
) -> None:
    profile = rig.model_copy(update={"failure_modes": tuple(modes(*shares))})
    lives = plan_lives(profile, 2_000, 8, np.random.default_rng(seed))
    assert set(lives.failure_modes) == {mode.name for mode in profile.failure_modes}


def test_failure_modes_end_lives_by_their_share(rig: MachineProfile) -> None:
    lives = plan_lives(rig, 2_000, 40, np.random.default_rng(0))
    assert Counter(lives.failure_modes) == {"bearing": 30, "seal": 10}


def test_too_few_lives_get_different_failure_modes(rig: MachineProfile) -> None:
    profile = rig.model_copy(update={"failure_modes": tuple(modes(1, 1, 1, 1))})
    lives = plan_lives(profile, 2_000, 3, np.random.default_rng(0))
    assert len(set(lives.failure_modes)) == 3


@pytest.mark.parametrize("step", [0.25, 3.0, 5_000.0])
def test_units_at_a_step_live_as_the_profile_says(rig: MachineProfile, step: float) -> None:
    lives = plan_units_at_step(rig, 400, step, np.random.default_rng(0))
    usual = LifetimeDistribution.of_profile(rig.life).mean_hours

    assert lives.time_step_hours == step
    assert len(lives.rows) == len(lives.failure_modes) == 400
    assert Counter(lives.failure_modes) == {"bearing": 300, "seal": 100}
    assert min(lives.rows) >= 2
    if step < usual:
        assert np.mean(lives.hours) == pytest.approx(usual, rel=0.1)
        assert max(lives.hours) <= rig.life.max_rul_hours
