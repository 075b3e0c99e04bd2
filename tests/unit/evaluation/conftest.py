from __future__ import annotations

import pytest

from GAN.profiles.profile import MachineProfile
from GAN.simulation.physics import physics_seed
from tests.unit.evaluation.sets import Sets


@pytest.fixture(scope="module")
def simulated(rig: MachineProfile) -> Sets:
    """Other units of the same machine."""
    sets = {"train": physics_seed(rig, 6_000, seed=50)}
    for index, split in enumerate(("val", "test"), start=1):
        frame = physics_seed(rig, 1_000, seed=index)
        frame["unit_id"] += 100 * index
        sets[split] = frame
    return sets


@pytest.fixture
def honest(simulated: Sets) -> Sets:
    """The best possible sets, for a test to spoil."""
    return {split: frame.copy() for split, frame in simulated.items()}


@pytest.fixture
def small(honest: Sets) -> Sets:
    """Sets with little to compare, for checks that look at single values and lives."""
    return {**honest, "train": honest["train"].query("unit_id == 1")}
