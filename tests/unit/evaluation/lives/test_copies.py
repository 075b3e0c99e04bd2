"""Synthetic lives that are copies of known lives are found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from GAN.config.quality_gates import GATES
from GAN.evaluation.lives.copies import nearest_life_distance
from GAN.profiles.profile import MachineProfile
from GAN.simulation.physics import generator, simulated_units
from tests.unit.evaluation.sets import Sets

POOR = GATES["nearest_life_distance"].usable
GOOD = GATES["nearest_life_distance"].good


def stretched(life: pd.DataFrame, factor: float) -> pd.DataFrame:
    """The same life in more or fewer rows, its readings interpolated."""
    rows = round(factor * len(life))
    at = np.linspace(0, len(life) - 1, rows)
    step = life["cycle_hour"].iloc[1] - life["cycle_hour"].iloc[0]
    columns = {
        name: np.interp(at, np.arange(len(life)), life[name])
        for name in life.columns.difference(["unit_id", "failure_mode"])
    }
    made = pd.DataFrame(columns)
    made["cycle_hour"] = step * np.arange(rows)
    made["rul_hours"] = step * np.arange(rows)[::-1]
    return made.assign(unit_id=9_999, failure_mode=life["failure_mode"].iloc[0])


@pytest.mark.parametrize("factor", [1.0, 0.8, 1.3])
@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_one_copied_life_in_any_set_is_found(
    rig: MachineProfile, rig_seed: pd.DataFrame, honest: Sets, factor: float, noise: float
) -> None:
    names = [sensor.name for sensor in rig.sensors]
    copy = stretched(rig_seed[rig_seed["unit_id"] == 2].reset_index(drop=True), factor)
    rng = np.random.default_rng(0)
    spread = rig_seed[names].std().to_numpy()
    copy[names] += noise * spread * rng.standard_normal((len(copy), len(names)))
    sets = honest | {"val": pd.concat([honest["val"], copy])}
    assert nearest_life_distance(rig_seed, sets, rig) < POOR


def test_a_copy_of_one_of_many_known_lives_is_found(rig: MachineProfile, honest: Sets) -> None:
    known = simulated_units(rig, 6_000, 40, generator(rig, 1))
    copies = [known[known["unit_id"] == unit].reset_index(drop=True) for unit in (1, 20, 40)]
    assert nearest_life_distance(known, honest, rig) > GOOD
    for copy in copies:
        sets = honest | {"test": stretched(copy, 1.3)}
        assert nearest_life_distance(known, sets, rig) < POOR


def test_new_units_and_lives_of_the_model_are_no_copies(
    rig: MachineProfile, rig_seed: pd.DataFrame, honest: Sets, rig_synthetic: Sets
) -> None:
    assert nearest_life_distance(rig_seed, honest, rig) > GOOD
    assert nearest_life_distance(rig_seed, rig_synthetic, rig) > GOOD


def test_a_copy_of_the_only_known_life_is_found(
    rig: MachineProfile, rig_seed: pd.DataFrame, honest: Sets
) -> None:
    only = rig_seed[rig_seed["unit_id"] == 1].reset_index(drop=True)
    assert nearest_life_distance(only, honest, rig) > GOOD
    assert nearest_life_distance(only, {"train": only}, rig) == 0.0


def test_a_short_life_that_no_other_is_like_is_copied_only_by_its_copies(
    rig: MachineProfile, honest: Sets
) -> None:
    known = simulated_units(rig, 6_000, 20, generator(rig, 1))
    # Its readings go through the whole course in 24 rows.
    short = known[known["unit_id"] == 20].iloc[lambda rows: np.linspace(0, len(rows) - 1, 24)]
    names = [sensor.name for sensor in rig.sensors]
    short = short.assign(**{name: 3 * short[name] for name in names}).reset_index(drop=True)
    known = pd.concat([known[known["unit_id"] < 20], short])
    step = known[known["unit_id"] < 20].groupby("unit_id")[names].diff().std()
    rng = np.random.default_rng(0)
    like = short.copy()
    like[names] += step.to_numpy() * rng.standard_normal((len(short), len(names)))
    assert nearest_life_distance(known, honest | {"val": like}, rig) > POOR
    assert nearest_life_distance(known, honest | {"val": stretched(short, 1.3)}, rig) < POOR
