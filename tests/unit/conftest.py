"""A small test rig: a machine with a sensor of each kind, and data and a model made from it once.

Imports of the heavy libraries stay inside the fixtures, so that light tests stay light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import settings

from GAN.profiles.profile import MachineProfile

if TYPE_CHECKING:
    import pandas as pd

    from GAN.synthesis.machine_model import TrainedModel

# How long an example takes says more about the machine's other work than about the code.
settings.register_profile("no_deadline", deadline=None)
settings.load_profile("no_deadline")

RIG: dict[str, Any] = {
    "machine_id": "pump_test_rig_001",
    "machine_type": "pump",
    "manufacturer": "Rig <Works> & Sons",
    "model": "TR-1",
    "rul": {"max_rul_hours": 800, "cycles_per_dataset": 4, "rul_noise_std_hours": 12},
    "sensors": [
        {
            "name": "vibration_rms",
            "unit": "mm/s",
            "normal": {"min": 1.5, "max": 3.0},
            "failure": 7.1,
            "direction": "rising",
            "noise": 0.15,
            "onset": 0.3,
            "law": "paris",
        },
        {
            "name": "bearing_temperature",
            "unit": "degC",
            "normal": {"min": 45, "max": 70},
            "failure": 90,
            "direction": "rising",
            "noise": 1.2,
            "ar1": 0.7,
            "onset": 0.6,
            "law": "exponential",
        },
        {
            "name": "flow",
            "unit": "m3/h",
            "normal": {"min": 95, "max": 105},
            "failure": 78,
            "direction": "falling",
            "noise": 1.0,
            "law": "gamma",
        },
        {
            "name": "seal_leak",
            "unit": "mL/h",
            "normal": {"min": 0, "max": 4},
            "failure": 40,
            "direction": "rising",
            "noise": 0.8,
            "onset": 0.2,
            "law": "wiener",
            "limits": {"min": 0, "max": 60},
        },
        {
            "name": "ambient",
            "unit": "degC",
            "normal": {"min": 15, "max": 30},
            "direction": "steady",
            "noise": 1.5,
            "ar1": 0.9,
        },
    ],
    "failure_modes": [
        {"name": "bearing", "share": 3, "sensors": ["vibration_rms", "bearing_temperature"]},
        {"name": "seal", "share": 1, "sensors": ["seal_leak", "flow"]},
    ],
}

RIG_SAMPLES = {"train": 3_000, "val": 700, "test": 650}


@pytest.fixture(scope="session")
def rig() -> MachineProfile:
    return MachineProfile.model_validate(RIG)


@pytest.fixture(scope="session")
def rig_seed(rig: MachineProfile) -> pd.DataFrame:
    from GAN.simulation.physics import physics_seed

    return physics_seed(rig, rows=2_000, seed=7)


class Reports(list[tuple[float, str, int | None, float | None]]):
    """Progress that records its reports."""

    def __call__(
        self, percent: float, message: str, *, epoch: int | None = None, loss: float | None = None
    ) -> None:
        self.append((percent, message, epoch, loss))


class Training(NamedTuple):
    model: TrainedModel
    reports: Reports


@pytest.fixture(scope="session")
def rig_training(rig: MachineProfile, rig_seed: pd.DataFrame) -> Training:
    from GAN.config.tvae_config import TvaeConfig
    from GAN.synthesis.machine_model import train

    reports = Reports()
    config = TvaeConfig(epochs=25, batch_size=50)
    return Training(train(rig_seed, rig, config, 7, reports), reports)


@pytest.fixture(scope="session")
def rig_synthetic(
    rig: MachineProfile, rig_seed: pd.DataFrame, rig_training: Training
) -> dict[str, pd.DataFrame]:
    from GAN.datasets.run_to_failure import time_step_of
    from GAN.progress import silent
    from GAN.synthesis.generation import generate

    model = rig_training.model.model.lives
    return generate(model, rig, RIG_SAMPLES, time_step_of(rig_seed), 7, silent)


@pytest.fixture
def reports() -> Reports:
    return Reports()
