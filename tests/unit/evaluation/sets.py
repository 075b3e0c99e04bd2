"""Sets of the test rig, and ways to spoil them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from GAN.datasets.run_to_failure import life_fraction
from GAN.evaluation.gates import Light
from GAN.evaluation.likeness.temporal import (
    shuffled_baseline,
)
from GAN.evaluation.quality_report import QualityReport
from GAN.profiles.profile import MachineProfile

Sets = dict[str, pd.DataFrame]


def lights(report: QualityReport) -> dict[str, Light]:
    return {gate.metric: gate.light for gate in report.gates}


def noise(rig: MachineProfile, train: pd.DataFrame) -> pd.DataFrame:
    """Uniform noise."""
    rng = np.random.default_rng(0)
    limits = {sensor.name: sensor.physical_limits for sensor in rig.sensors}
    drawn = {name: rng.uniform(at.min, at.max, len(train)) for name, at in limits.items()}
    return train.assign(**drawn)


def independent(rig: MachineProfile, train: pd.DataFrame) -> pd.DataFrame:
    """Each column has the right distribution, independent of the others."""
    rng = np.random.default_rng(0)
    names = [sensor.name for sensor in rig.sensors]
    return train.assign(**{name: rng.permutation(train[name]) for name in names})


def shuffled(rig: MachineProfile, train: pd.DataFrame) -> pd.DataFrame:
    """Rows at the right stage of life, but of any unit."""
    return shuffled_baseline(train, [sensor.name for sensor in rig.sensors])


def healthy(rig: MachineProfile, train: pd.DataFrame) -> pd.DataFrame:
    """Readings stay constant over the second half of life."""
    names = [sensor.name for sensor in rig.sensors]
    readings = train[names].where(life_fraction(train) < 0.5).ffill()
    return train.assign(**readings)
