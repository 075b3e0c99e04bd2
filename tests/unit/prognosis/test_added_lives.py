"""Lives that are made from real units, to be learnt from in addition to them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from GAN.datasets.real_units import RealUnits
from GAN.profiles.profile import MachineProfile
from GAN.prognosis import added_lives
from GAN.prognosis.added_lives import MOST_ROWS, UNITS, generated_lives, stretched_lives

Making = Callable[[RealUnits, MachineProfile, int], pd.DataFrame]


@pytest.fixture(scope="module")
def real(rig_lives: pd.DataFrame) -> RealUnits:
    return RealUnits(rig_lives[rig_lives["unit_id"] <= 5].reset_index(drop=True), None)


@pytest.mark.parametrize("make", [generated_lives, stretched_lives])
def test_they_are_whole_lives_at_the_time_step_of_the_real_ones(
    rig: MachineProfile, real: RealUnits, make: Making, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(added_lives, "MOST_ROWS", 100_000)
    made = make(real, rig, 0)
    assert list(made) == list(real.lives)
    assert made["unit_id"].nunique() == pytest.approx(UNITS, rel=0.2)
    assert set(made["failure_mode"]) == set(real.lives["failure_mode"])
    for _, life in made.groupby("unit_id"):
        assert np.diff(life["cycle_hour"].to_numpy()) == pytest.approx(real.step)
        ends = (life["cycle_hour"] + life["rul_hours"]).to_numpy()
        assert ends == pytest.approx(ends[0])
        assert life["rul_hours"].iloc[-1] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("make", [generated_lives, stretched_lives])
def test_long_lives_are_made_in_smaller_numbers(
    rig: MachineProfile, real: RealUnits, make: Making
) -> None:
    assert len(make(real, rig, 0)) == pytest.approx(MOST_ROWS, rel=0.2)


@pytest.mark.parametrize("make", [generated_lives, stretched_lives])
def test_the_same_seed_makes_the_same_lives_and_another_seed_others(
    rig: MachineProfile, real: RealUnits, make: Making
) -> None:
    first, again, other = (make(real, rig, seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(other)


def test_copies_are_stretched_both_ways(rig: MachineProfile, real: RealUnits) -> None:
    lived = real.lives.groupby("unit_id")["rul_hours"].max()
    made = stretched_lives(real, rig, 0).groupby("unit_id")["rul_hours"].max()
    factors = made.to_numpy() / np.repeat(lived.to_numpy(), len(made) // len(lived))
    assert np.log(factors).std() == pytest.approx(0.15, rel=0.25)
    assert abs(np.log(factors).mean()) < 0.05


def test_a_recording_that_starts_late_stays_one(rig: MachineProfile, real: RealUnits) -> None:
    late = real.lives[real.lives["cycle_hour"] > 100].reset_index(drop=True)
    made = stretched_lives(RealUnits(late, None), rig, 0)
    assert made.groupby("unit_id")["cycle_hour"].min().min() > 40
