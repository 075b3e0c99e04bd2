"""Simulated lives added to real ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from GAN.profiles.profile import MachineProfile
from GAN.simulation.physics import with_physics
from tests.unit.importing.samples import problems


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_simulated_lives_follow_the_real_ones(
    rig: MachineProfile, rig_seed: pd.DataFrame, share: float
) -> None:
    mixed = with_physics(rig_seed, rig, share, seed=4)
    pd.testing.assert_frame_equal(mixed.head(len(rig_seed)), rig_seed)
    added = len(mixed) - len(rig_seed)
    assert added == max(round(len(rig_seed) * share / (1 - share)), 1_000)
    units = mixed["unit_id"].unique().tolist()
    assert units == list(range(1, len(units) + 1))
    assert mixed["unit_id"].dtype == np.int32


def test_no_share_adds_nothing(rig: MachineProfile, rig_seed: pd.DataFrame) -> None:
    assert with_physics(rig_seed, rig, 0.0) is rig_seed


@pytest.mark.parametrize("share", [-0.1, 0.91, 1.0])
def test_a_share_out_of_range_is_refused(
    rig: MachineProfile, rig_seed: pd.DataFrame, share: float
) -> None:
    found = problems(lambda: with_physics(rig_seed, rig, share))
    assert found["physics_share"].advice == "write a number from 0 to 0.9"
