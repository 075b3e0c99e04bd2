from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from GAN.config.rul_profiles import DegradationPattern
from GAN.profiles.profile import Law
from GAN.simulation.degradation import FIXED_LAWS, RANDOM_LAWS, degradation, wear

LAWS = get_args(Law)
PATTERNS = get_args(DegradationPattern)
NEVER_FALLING = [law for law in LAWS if law != "wiener"]

#: Progress as a life gives it: waiting at 0 until the onset, then up to exactly 1.
progress = st.builds(
    lambda onset, rows: np.clip((np.linspace(0, 1, rows) - onset) / (1 - onset), 0, 1),
    st.floats(0, 0.95),
    st.integers(2, 400),
)
seeds = st.integers(0, 2**32 - 1)


def path_of(law: Law, s: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    return degradation(law, s, np.random.default_rng(seed))


def test_every_law_a_profile_may_name_exists() -> None:
    assert set(LAWS) == set(FIXED_LAWS) | set(RANDOM_LAWS)


@pytest.mark.parametrize("law", LAWS)
@given(s=progress, seed=seeds)
def test_a_law_runs_from_healthy_to_failed_and_never_beyond(
    law: Law, s: NDArray[np.float64], seed: int
) -> None:
    path = path_of(law, s, seed)
    assert path.shape == s.shape
    assert path[0] == pytest.approx(0, abs=1e-12)
    assert path[-1] == pytest.approx(1, abs=1e-12)
    assert path.min() >= 0
    assert path.max() <= 1 + 1e-12


@pytest.mark.parametrize("law", LAWS)
@given(s=progress, seed=seeds)
def test_nothing_happens_before_the_onset(law: Law, s: NDArray[np.float64], seed: int) -> None:
    assert not path_of(law, s, seed)[s == 0].any()


@pytest.mark.parametrize("law", NEVER_FALLING)
@given(s=progress, seed=seeds)
def test_wear_that_cannot_heal_never_falls(law: Law, s: NDArray[np.float64], seed: int) -> None:
    assert (np.diff(path_of(law, s, seed)) >= 0).all()


def test_a_wiener_path_recovers_now_and_then() -> None:
    assert (np.diff(path_of("wiener", np.linspace(0, 1, 500), 0)) < 0).any()


@pytest.mark.parametrize("law", sorted(RANDOM_LAWS))
def test_a_random_law_gives_each_life_its_own_path_around_the_straight_one(law: Law) -> None:
    s = np.linspace(0, 1, 101)
    paths = np.array([path_of(law, s, seed) for seed in range(400)])
    assert paths[:, 50].std() > 0.02
    assert np.abs(paths.mean(axis=0) - s).max() < 0.03


def test_a_crack_of_ten_times_its_first_length_grows_as_paris_says() -> None:
    # Numerical integration of da/dN = C a^(3/2) from 1 to 10, with C for unit life.
    rate = 2 * (1 - 1 / np.sqrt(10))
    length, steps = 1.0, 20_000
    for _ in range(steps // 2):
        middle = length + rate * length**1.5 / (2 * steps)
        length += rate * middle**1.5 / steps
    assert path_of("paris", np.array([0.5]), 0)[0] == pytest.approx((length - 1) / 9, rel=1e-6)


def test_insulation_ages_twice_as_fast_for_every_6_kelvin() -> None:
    s = np.array([0.0, 1 / 3, 2 / 3, 1.0])  # 0, 6, 12 and 18 K hotter
    aged = np.diff(path_of("arrhenius", s, 0))
    assert aged[1:] / aged[:-1] == pytest.approx([2, 2])


def test_a_tool_breaks_in_then_wears_steadily_then_fast() -> None:
    s = np.linspace(0, 1, 1001)
    rate = np.gradient(path_of("three_stage", s, 0), s)
    assert rate[0] > 2 * rate[400]
    assert rate[350:450].std() < 0.05 * rate[400]
    assert rate[-1] > 2 * rate[400]


@pytest.mark.parametrize("pattern", PATTERNS)
@given(fractions=st.lists(st.floats(0, 1), min_size=2))
def test_wear_grows_from_new_to_worn_out(
    pattern: DegradationPattern, fractions: list[float]
) -> None:
    worn = wear(np.array([0.0, *sorted(fractions), 1.0]), pattern)
    assert worn[0] == 0
    assert worn[-1] == 1
    assert (np.diff(worn) >= 0).all()


def test_the_patterns_differ_in_how_much_is_worn_at_half_life() -> None:
    half = np.array([0.5])
    assert (
        wear(half, "exponential")
        < wear(half, "linear_slow")
        < wear(half, "linear_medium")
        < wear(half, "linear_fast")
    )
