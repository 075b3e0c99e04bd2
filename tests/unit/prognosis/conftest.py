"""A predictor of the rig, learnt once, and lives that it has not seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from GAN.datasets.run_to_failure import time_step_of
from GAN.profiles.profile import MachineProfile
from GAN.prognosis.condition.sensors import SensorArrays
from GAN.prognosis.predictor import Predictor
from GAN.prognosis.training_lives import simulated_lives


@pytest.fixture(scope="session")
def rig_lives(rig: MachineProfile) -> pd.DataFrame:
    return simulated_lives(rig, 30, 1)


@pytest.fixture(scope="session")
def unseen_lives(rig: MachineProfile) -> pd.DataFrame:
    return simulated_lives(rig, 30, 900)


@pytest.fixture(scope="session")
def rig_sensors(rig: MachineProfile, rig_lives: pd.DataFrame) -> SensorArrays:
    return SensorArrays.of(rig, time_step_of(rig_lives))


@pytest.fixture(scope="session")
def rig_predictor(rig: MachineProfile, rig_lives: pd.DataFrame) -> Predictor:
    return Predictor.fit(rig, rig_lives, time_step_of(rig_lives))


def late_readings(lives: pd.DataFrame, unit: int, rul_hours: float) -> pd.DataFrame:
    """A unit's readings until it has this long left."""
    own = lives[(lives["unit_id"] == unit) & (lives["rul_hours"] >= rul_hours)]
    return own.drop(columns=["rul_hours", "failure_mode"]).rename(columns={"unit_id": "unit"})


def of_all_units(lives: pd.DataFrame, rul_hours: float) -> pd.DataFrame:
    """The readings of all units until they have this long left."""
    units = np.unique(lives["unit_id"])
    return pd.concat([late_readings(lives, int(unit), rul_hours) for unit in units])
