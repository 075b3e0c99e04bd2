"""The worth of synthetic lives is measured on units that were not known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from GAN.config.quality_gates import GATES
from GAN.datasets.real_units import RealUnits
from GAN.evaluation.forecaster import windows_of
from GAN.evaluation.gates import Light, Measured, gates, measured_worth
from GAN.evaluation.worth import Worth, real_worth, simulated_worth
from GAN.profiles.profile import MachineProfile
from GAN.simulation.physics import fresh_units
from tests.unit.evaluation.sets import Sets


def halfway(lives: pd.DataFrame) -> pd.DataFrame:
    """The first halves of lives, which seem to fail at their end."""
    half = lives[lives["rul_hours"] > lives["cycle_hour"]]
    last = half.groupby("unit_id")["rul_hours"].transform("min")
    return half.assign(rul_hours=half["rul_hours"] - last)


def test_new_lives_help_and_lives_that_seem_to_end_halfway_do_harm(
    rig: MachineProfile, rig_seed: pd.DataFrame, honest: Sets
) -> None:
    fresh = fresh_units(rig, 0.6)
    new, harmful = (
        simulated_worth(rig_seed, made, rig, fresh)
        for made in (honest["train"], halfway(honest["train"]))
    )
    assert new.tested_on == "30 fresh simulated units"
    assert new.ratio < new.high < 1.0
    assert 1.0 < harmful.low < harmful.ratio


def test_real_units_are_left_out_of_the_models_too(rig: MachineProfile) -> None:
    known = fresh_units(rig, 1.8)
    known = known[known["unit_id"] <= 6].reset_index(drop=True)
    sets = {"train": fresh_units(rig, 0.6), "val": known, "test": known}
    found = real_worth(known, sets, rig, RealUnits(known, None))
    assert found is not None
    assert found.tested_on == "6 real units, each left out of all trainings once"
    assert 0.0 < found.low < found.ratio < found.high
    spoilt = sets | {"train": halfway(sets["train"])}
    worse = real_worth(known, spoilt, rig, RealUnits(known, None))
    assert worse is not None
    assert worse.ratio > found.ratio
    assert real_worth(known, sets, rig, RealUnits(known.query("unit_id < 3"), None)) is None


@pytest.mark.parametrize(
    ("low", "high", "light"),
    [(0.5, 0.9, Light.GOOD), (0.8, 1.2, Light.USABLE), (1.1, 1.4, Light.POOR)],
)
def test_its_light_depends_on_the_interval(low: float, high: float, light: Light) -> None:
    worth = Worth(
        tested_on="units",
        known_rmse_hours=10.0,
        rmse_hours=10.0 * (low * high) ** 0.5,
        low=low,
        high=high,
    )
    every = {metric: Measured(None) for metric in GATES} | {"worth": measured_worth(worth)}
    assert {gate.light for gate in gates(every) if gate.metric == "worth"} == {light}


def test_a_forecaster_sees_nothing_of_the_future(
    rig: MachineProfile, rig_seed: pd.DataFrame
) -> None:
    life = rig_seed[rig_seed["unit_id"] == 1].reset_index(drop=True)
    whole = windows_of(life, rig)
    for rows in (1, 40, len(life) // 2):
        so_far = windows_of(life.head(len(life) - rows), rig)
        _, one, other = np.intersect1d(
            whole.features[:, -1], so_far.features[:, -1], return_indices=True
        )
        assert np.array_equal(whole.features[one], so_far.features[other])


def test_features_are_alike_at_another_time_step(
    rig: MachineProfile, rig_seed: pd.DataFrame
) -> None:
    life = rig_seed[rig_seed["unit_id"] == 1].reset_index(drop=True)
    fine, coarse = windows_of(life, rig), windows_of(life.iloc[::2].reset_index(drop=True), rig)
    spread = fine.features.std(axis=0)
    gap = np.abs(fine.features.mean(axis=0) - coarse.features.mean(axis=0)) / spread
    assert gap.max() < 0.2
