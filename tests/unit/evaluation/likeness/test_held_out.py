"""Validation and test sets must follow the law of the train set."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from GAN.config.quality_gates import GATES
from GAN.evaluation.likeness.held_out import held_out_error
from GAN.profiles.profile import MachineProfile
from GAN.simulation.physics import generator, simulated_units
from GAN.synthesis.unit_effects import UnitEffects, sensors_with_unit_effects
from tests.unit.evaluation.sets import Sets, independent

POOR = GATES["held_out_error"].usable


@pytest.fixture(scope="module")
def lives(rig: MachineProfile) -> pd.DataFrame:
    units = simulated_units(rig, 6_000, 40, generator(rig, 5))
    return UnitEffects(rig, sensors_with_unit_effects(units, rig)).nominal(units)


def split(lives: pd.DataFrame, order: np.ndarray[tuple[int], np.dtype[np.integer]]) -> Sets:
    parts = {"train": order[:30], "val": order[30:35], "test": order[35:]}
    return {name: lives[lives["unit_id"].isin(units)] for name, units in parts.items()}


def test_sets_of_the_same_lives_pass_however_they_are_divided(
    rig: MachineProfile, lives: pd.DataFrame
) -> None:
    names = [sensor.name for sensor in rig.sensors]
    rng = np.random.default_rng(0)
    found = [held_out_error(split(lives, rng.permutation(40) + 1), names) for _ in range(20)]
    assert max(found) < POOR
    assert min(found) > 0.2


@pytest.mark.parametrize("name", ["val", "test"])
def test_rows_in_random_order_are_found_in_either_set(
    rig: MachineProfile, lives: pd.DataFrame, name: str
) -> None:
    sets = split(lives, np.arange(40) + 1)
    sets[name] = independent(rig, sets[name])
    assert held_out_error(sets, [sensor.name for sensor in rig.sensors]) > POOR


def test_a_constant_sensor_does_no_harm(rig: MachineProfile, lives: pd.DataFrame) -> None:
    sets = split(lives.assign(ambient=20.0), np.arange(40) + 1)
    assert held_out_error(sets, [sensor.name for sensor in rig.sensors]) < POOR
