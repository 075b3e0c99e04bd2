"""A valid profile to spoil, and the problems that are then found in it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from errors import InvalidProfile, Problem
from GAN.profiles.loading import parse_profile

SUFFIXES = [".json", ".yaml"]
both_formats = pytest.mark.parametrize("suffix", SUFFIXES)


def sensor(**changes: Any) -> dict[str, Any]:
    content = {
        "name": "bearing_temperature",
        "unit": "degC",
        "normal": {"min": 45, "max": 70},
        "failure": 95,
        "direction": "rising",
        "noise": 0.7,
    }
    return {**content, **changes}


def content(**changes: Any) -> dict[str, Any]:
    base = {
        "machine_id": "motor_example_001",
        "machine_type": "motor",
        "manufacturer": "Example",
        "model": "EX-1",
        "sensors": [sensor()],
        "failure_modes": [{"name": "bearing_wear", "sensors": ["bearing_temperature"]}],
    }
    return {**base, **changes}


LOAD = {"pattern": "shifts", "low": 0.6, "high": 1.0, "hours": 16}
AMBIENT = {"daily_amplitude": 3, "seasonal_amplitude": 6}
CURRENT = sensor(name="current", unit="A", normal={"min": 30, "max": 50}, failure=60)
HALL = {"name": "hall", "unit": "degC", "normal": {"min": 10, "max": 30}, "noise": 0.5}


def coupling(name: str, follows: str, gain: float, **changes: Any) -> dict[str, Any]:
    return {"sensor": name, "follows": follows, "gain": gain, **changes}


COUPLINGS = [
    coupling("hall", "driver.ambient", 1),
    coupling("current", "driver.load", 30),
    coupling("bearing_temperature", "current", 0.5, lag_hours=1),
    coupling("bearing_temperature", "hall", 0.7, source="rule of thumb"),
]


def driven(**changes: Any) -> dict[str, Any]:
    """A valid profile with drivers; `changes` are of the drivers."""
    drivers = {"load": LOAD, "ambient": AMBIENT, "couplings": COUPLINGS, **changes}
    sensors = [sensor(), CURRENT, {**HALL, "direction": "steady"}]
    return content(schema_version=2, sensors=sensors, drivers=drivers)


def written(data: Any, suffix: str) -> bytes:
    """The data as a file; a list that occurs twice is written out twice, not as a YAML alias."""
    text = json.dumps(data)
    return text.encode() if suffix == ".json" else yaml.safe_dump(json.loads(text)).encode()


def problems(data: bytes | str, suffix: str) -> list[Problem]:
    with pytest.raises(InvalidProfile) as caught:
        parse_profile(data.encode() if isinstance(data, str) else data, "the file", suffix)
    return list(caught.value.problems)


def problems_of(data: Any, suffix: str = ".json") -> dict[str, Problem]:
    found = problems(written(data, suffix), suffix)
    assert len({problem.path for problem in found}) == len(found), "one place, two problems"
    return {problem.path: problem for problem in found}
