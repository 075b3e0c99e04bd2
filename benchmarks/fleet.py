"""Machines for benchmarks: a minimal profile whose description controls the cheap stages."""

from __future__ import annotations

from typing import Any

from events.bus import Send
from events.onboarding import NewMachine, new_machine, register
from events.plan import Plan
from GAN.profiles.profile import MachineProfile

PROFILE: dict[str, Any] = {
    "machine_type": "pump",
    "manufacturer": "Example",
    "model": "EX-1",
    "sensors": [
        {
            "name": "vibration",
            "unit": "mm/s",
            "normal": {"min": 1, "max": 2},
            "failure": 7,
            "direction": "rising",
            "noise": 0.1,
        }
    ],
    "failure_modes": [{"name": "bearing", "sensors": ["vibration"]}],
}


def cheap_machine(machine_id: str, description: str) -> NewMachine:
    """A machine with a description for `benchmarks.cheap_stages`."""
    profile = {**PROFILE, "machine_id": machine_id, "description": description}
    return new_machine("benchmark", MachineProfile.model_validate(profile))


def take_in_cheap_machine(machine_id: str, description: str, send: Send) -> None:
    """Onboard it."""
    register([cheap_machine(machine_id, description)], Plan(), send, actor="benchmark")
