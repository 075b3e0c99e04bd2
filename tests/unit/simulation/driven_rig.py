"""The test rig with drivers: its bearing follows its flow and the surroundings."""

from __future__ import annotations

from typing import Any

from GAN.profiles.profile import MachineProfile

COUPLINGS: list[dict[str, Any]] = [
    {"sensor": "ambient", "follows": "driver.ambient", "gain": 1},
    {"sensor": "flow", "follows": "driver.load", "gain": 20},
    {"sensor": "bearing_temperature", "follows": "ambient", "gain": 0.8, "lag_hours": 3},
    {"sensor": "bearing_temperature", "follows": "flow", "gain": 0.5, "lag_hours": 1},
]
DRIVERS: dict[str, Any] = {
    "load": {"pattern": "shifts", "low": 0.6, "high": 1.0, "hours": 16},
    "ambient": {"daily_amplitude": 3, "seasonal_amplitude": 4},
    "couplings": COUPLINGS,
}


def with_drivers(profile: MachineProfile, **changes: Any) -> MachineProfile:
    content = profile.model_dump() | {"schema_version": 2, "drivers": DRIVERS | changes}
    return MachineProfile.model_validate(content)
