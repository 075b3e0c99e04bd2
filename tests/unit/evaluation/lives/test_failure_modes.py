"""Failure modes in wrong shares, or of lives that end otherwise, are found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from GAN.config.quality_gates import GATES
from GAN.evaluation.lives.failure_modes import failure_mode_chance
from GAN.profiles.catalogue import fleet_profile
from GAN.profiles.profile import MachineProfile
from GAN.simulation.physics import fresh_units, generator, simulated_units

GOOD, POOR = GATES["failure_mode_chance"].good, GATES["failure_mode_chance"].usable


@pytest.fixture(scope="module")
def fresh(rig: MachineProfile) -> pd.DataFrame:
    return fresh_units(rig, 0.6)


def renamed(frame: pd.DataFrame, modes: dict[int, str]) -> pd.DataFrame:
    return frame.assign(failure_mode=frame["unit_id"].map(modes))


def test_fresh_units_have_the_right_modes(
    rig: MachineProfile, rig_seed: pd.DataFrame, fresh: pd.DataFrame
) -> None:
    assert failure_mode_chance(rig_seed, {"train": fresh}, rig, fresh) > GOOD
    assert failure_mode_chance(fresh, {"train": fresh}, rig, None) > GOOD


def test_modes_that_have_changed_places_are_found(
    rig: MachineProfile, rig_seed: pd.DataFrame, fresh: pd.DataFrame
) -> None:
    modes = fresh.groupby("unit_id")["failure_mode"].first()
    mixed = np.random.default_rng(0).permutation(modes)
    wrong = {"train": renamed(fresh, dict(zip(modes.index, mixed, strict=True)))}
    assert failure_mode_chance(rig_seed, wrong, rig, fresh) < POOR
    assert failure_mode_chance(fresh, wrong, rig, None) < POOR


def test_a_mode_in_the_wrong_share_is_found(
    rig: MachineProfile, rig_seed: pd.DataFrame, fresh: pd.DataFrame
) -> None:
    one = {"train": fresh[fresh["failure_mode"] == "seal"]}
    assert failure_mode_chance(rig_seed, one, rig, fresh) < POOR


def test_a_rare_mode_that_is_missing_among_a_hundred_lives_is_found() -> None:
    """Pearson's chi-square would find it in a third of such sets."""
    profile = fleet_profile("motor_siemens_1la7_001")
    lives = simulated_units(profile, 3_000, 105, generator(profile, 3))
    known = lives[lives["unit_id"] <= 30]
    without = {"train": lives[lives["failure_mode"] != "rotor_bar"]}
    assert failure_mode_chance(known, {"train": lives}, profile, known) > GOOD
    assert failure_mode_chance(known, without, profile, known) < POOR


def test_a_machine_with_one_mode_has_the_right_one(
    rig: MachineProfile, rig_seed: pd.DataFrame, fresh: pd.DataFrame
) -> None:
    single = rig.model_copy(update={"failure_modes": rig.failure_modes[:1]})
    assert failure_mode_chance(rig_seed, {"train": fresh}, single, fresh) == 1.0
