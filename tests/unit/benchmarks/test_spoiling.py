"""Spoilt sets have one fault, and not one that any check of single values would find."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.gan.copying import Sets
from benchmarks.gan.gates import in_turn
from benchmarks.gan.spoiling import WAYS
from GAN.evaluation.validity import check_split, shared_units
from GAN.profiles.profile import MachineProfile
from GAN.simulation.physics import generator, simulated_units

#: RUL that falls faster than time passes is impossible in itself.
IMPOSSIBLE = "RUL × 1.3, time right"


@pytest.fixture(scope="module")
def seed(rig: MachineProfile) -> pd.DataFrame:
    return simulated_units(rig, 1_500, 10, generator(rig, 1))


@pytest.fixture(scope="module")
def sets(rig: MachineProfile) -> Sets:
    lives = simulated_units(rig, 3_000, 20, generator(rig, 2))
    parts = {"train": (1, 12), "val": (13, 16), "test": (17, 20)}
    return {
        split: lives[lives["unit_id"].between(*units)].reset_index(drop=True)
        for split, units in parts.items()
    }


@pytest.mark.parametrize("way", WAYS)
def test_a_spoilt_set_has_possible_values_and_whole_lives(
    way: str, rig: MachineProfile, seed: pd.DataFrame, sets: Sets
) -> None:
    spoilt = WAYS[way](sets, seed, rig, np.random.default_rng(0))
    faults = {
        fault for frame in spoilt.values() for _, fault in check_split(frame, rig, ()).violations()
    }
    assert shared_units(spoilt) == 0
    assert bool(faults) == (way == IMPOSSIBLE)
    assert any(not spoilt[split].equals(sets[split]) for split in sets)


def test_two_swapped_sensors_keep_their_distributions(
    rig: MachineProfile, seed: pd.DataFrame, sets: Sets
) -> None:
    way = WAYS["two sensors swapped, each with its distribution"]
    spoilt = way(sets, seed, rig, np.random.default_rng(0))["train"]
    names = [sensor.name for sensor in rig.sensors]
    before, after = (np.sort(frame[names], axis=0) for frame in (sets["train"], spoilt))
    np.testing.assert_array_equal(before, after)


def test_a_stopped_run_has_about_the_same_share_of_every_set() -> None:
    assert in_turn({"few": 1, "many": 4})[:3] == ["many"] * 3
    assert sorted(in_turn({"few": 1, "many": 4})[3:]) == ["few", "many"]
