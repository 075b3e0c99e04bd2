"""The schema of machine profiles, versions 1 and 2.

A profile has the readings of each sensor on a healthy machine and on a failed one, the shape of the
path between them, and the failure modes that drive it. Version 2 adds `drivers`, what moves the
sensors of a healthy machine; without them it means the same as version 1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from errors import Problem
from GAN.config.limits import MAX_MAX_RUL_HOURS, MIN_MAX_RUL_HOURS
from GAN.config.rul_profiles import RUL_PROFILES, DegradationPattern, RulProfile, category_of
from GAN.profiles.driver_checks import Declared, driver_problems, version_problem
from GAN.profiles.drivers import Drivers
from GAN.profiles.sensor import (
    NAME_PATTERN,
    RESERVED_NAMES,
    Direction,
    Law,
    Name,
    Range,
    Sensor,
    Strict,
    printable,
    reject,
)

__all__ = [
    "MACHINE_ID_PATTERN",
    "MAX_FAILURE_MODES",
    "MAX_SENSORS",
    "NAME_PATTERN",
    "RESERVED_NAMES",
    "SCHEMA_VERSION",
    "Direction",
    "FailureMode",
    "Law",
    "MachineId",
    "MachineProfile",
    "Name",
    "Range",
    "RulOverrides",
    "Sensor",
    "Text",
    "name_problems",
]

SCHEMA_VERSION = 2
MAX_SENSORS = 50
MAX_FAILURE_MODES = 20
MACHINE_ID_PATTERN = r"^[a-z0-9]+(_[a-z0-9]+)*$"

MachineId = Annotated[
    str, StringConstraints(pattern=MACHINE_ID_PATTERN, min_length=3, max_length=100)
]
Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(printable),
]


class FailureMode(Strict):
    """One failure mode.

    Attributes:
        name: Class label in the data.
        share: Relative frequency among failures; shares do not have to sum to one.
        sensors: Sensors that reach their failure value in this mode. The others only drift (see
            `GAN.simulation.physics`).
    """

    name: Name
    share: Annotated[float, Field(gt=0)] = 1.0
    sensors: Annotated[tuple[Name, ...], Field(min_length=1, max_length=50)]


class RulOverrides(Strict):
    """RUL settings of one machine; missing settings come from its category."""

    max_rul_hours: Annotated[float, Field(ge=MIN_MAX_RUL_HOURS, le=MAX_MAX_RUL_HOURS)] | None = None
    cycles_per_dataset: Annotated[int, Field(ge=1, le=200)] | None = None
    degradation_pattern: DegradationPattern | None = None
    rul_noise_std_hours: Annotated[float, Field(ge=0)] | None = None
    weibull_shape: Annotated[float, Field(gt=0.5, le=20)] | None = None


def name_problems(
    sensors: Sequence[tuple[str, str]], modes: Sequence[tuple[str, Sequence[str]]]
) -> Iterator[Problem]:
    """Find duplicate names, and failure modes with sensors that do not degrade.

    Args:
        sensors: Name and direction of each sensor; the name is empty if it is invalid.
        modes: Name of each failure mode and the names of its sensors.

    Yields:
        Problems, with paths from the root of the profile.
    """
    yield from _repeated("sensors", [name for name, _ in sensors])
    yield from _repeated("failure_modes", [name for name, _ in modes])
    wearing = {name for name, direction in sensors if name and direction != "steady"}
    for index, (_, named) in enumerate(modes):
        for strange in sorted(set(named) - wearing):
            yield Problem(
                f"failure_modes[{index}].sensors",
                f"{strange!r} is not a rising or falling sensor",
                f"choose from {', '.join(sorted(wearing)) or '(there is none yet)'}",
            )


def _repeated(field: str, names: Sequence[str]) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, name in enumerate(names):
        if name and first.setdefault(name, index) != index:
            yield Problem(
                f"{field}[{index}].name",
                f"{name!r} is already {field}[{first[name]}]",
                "give each its own name",
            )


def _life(category: str, rul: RulOverrides) -> RulProfile:
    return RUL_PROFILES[category]._replace(**rul.model_dump(exclude_none=True))


#: Begins the source of a sensor that was inferred from data.
INFERRED = "run-to-failure data"


class MachineProfile(Strict):
    """A machine as its owner describes it (schema version 1, or 2 with drivers)."""

    schema_version: Literal[1, 2] = 1
    machine_id: MachineId
    machine_type: Name
    manufacturer: Text
    model: Text
    description: Annotated[str, StringConstraints(max_length=500), AfterValidator(printable)] = ""
    rul: RulOverrides = RulOverrides()
    sensors: Annotated[tuple[Sensor, ...], Field(min_length=1, max_length=MAX_SENSORS)]
    failure_modes: Annotated[
        tuple[FailureMode, ...], Field(min_length=1, max_length=MAX_FAILURE_MODES)
    ]
    # Left out where there are none, so that such profiles keep their SHA-256, and their seeds.
    drivers: Annotated[Drivers | None, Field(exclude_if=lambda drivers: drivers is None)] = None

    @field_validator("rul")
    @classmethod
    def _spread_fits_a_life(cls, rul: RulOverrides, info: ValidationInfo) -> RulOverrides:
        if {"machine_id", "machine_type"} <= info.data.keys():
            life = _life(category_of(info.data["machine_id"], info.data["machine_type"]), rul)
            if life.rul_noise_std_hours > life.max_rul_hours / 4:
                raise reject(
                    Problem(
                        "rul_noise_std_hours",
                        f"{life.rul_noise_std_hours:g} is over a quarter of a life",
                        f"write at most {life.max_rul_hours / 4:g}",
                    )
                )
        return rul

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        problems = list(
            name_problems(
                [(sensor.name, sensor.direction) for sensor in self.sensors],
                [(mode.name, mode.sensors) for mode in self.failure_modes],
            )
        )
        if self.drivers is not None:
            if self.schema_version == 1:
                problems.append(version_problem(1))
            problems += driver_problems(Declared.of(self.sensors, self.drivers))
        if problems:
            raise reject(*problems)
        return self

    @property
    def category(self) -> str:
        """The category whose defaults apply."""
        return category_of(self.machine_id, self.machine_type)

    @property
    def life(self) -> RulProfile:
        """Effective RUL settings: the category's, overridden by this machine's own."""
        return _life(self.category, self.rul)

    @property
    def is_inferred(self) -> bool:
        """Whether it was inferred from run-to-failure data, so says nothing that they do not."""
        return all(sensor.source.startswith(INFERRED) for sensor in self.sensors)

    @property
    def sha256(self) -> str:
        """SHA-256 of the content: the same for two files with the same content."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()
