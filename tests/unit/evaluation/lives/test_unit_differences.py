"""How units differ is compared with how known units differ."""

from __future__ import annotations

import numpy as np
import pandas as pd

from GAN.config.quality_gates import GATES
from GAN.evaluation.lives.unit_differences import unit_difference_error
from GAN.profiles.profile import MachineProfile
from GAN.simulation.physics import FRESH_SEED, fresh_units, generator, simulated_units

POOR = GATES["unit_difference_error"].usable


def together(lives: pd.DataFrame, rig: MachineProfile, seed: int) -> pd.DataFrame:
    """Units that read high in one sensor read high in all."""
    units = lives["unit_id"].unique()
    high = np.random.default_rng(seed).normal(size=len(units))
    own = lives["unit_id"].map(dict(zip(units, high, strict=True)))
    names = [sensor.name for sensor in rig.sensors]
    bands = {sensor.name: sensor.normal.max - sensor.normal.min for sensor in rig.sensors}
    return lives.assign(**{name: lives[name] + own * bands[name] for name in names})


def test_units_that_differ_in_each_sensor_by_itself_are_found(rig: MachineProfile) -> None:
    known = together(fresh_units(rig, 0.6), rig, seed=1)
    made = simulated_units(rig, 8_000, 40, generator(rig, 5))
    like = unit_difference_error(known, [together(made, rig, seed=2)], rig)
    unlike = unit_difference_error(known, [made], rig)
    assert like is not None
    assert unlike is not None
    assert like < POOR < unlike


def test_one_good_set_of_a_hundred_is_rejected_by_chance(rig: MachineProfile) -> None:
    known = simulated_units(rig, 22_500, 30, generator(rig, FRESH_SEED))
    found = np.array(
        [
            unit_difference_error(
                known, [simulated_units(rig, 2_000, 40, generator(rig, seed))], rig
            )
            for seed in range(60)
        ]
    )
    assert (found > POOR).mean() < 0.05
    assert found.max() > GATES["unit_difference_error"].good


def test_few_units_are_not_judged(rig: MachineProfile, rig_seed: pd.DataFrame) -> None:
    assert unit_difference_error(rig_seed, [fresh_units(rig, 0.6)], rig) is None
