"""What a machine is: the profile schema, version 1.

A profile says what each sensor reads on a healthy machine and on a failed one, how it gets from
one to the other, and which failure modes drive it. Everything else follows from it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

from errors import Problem
from GAN.config.rul_profiles import RUL_PROFILES, DegradationPattern, RulProfile, category_of
from GAN.config.units import UNITS, nearest_unit

SCHEMA_VERSION = 1
MACHINE_ID_PATTERN = r"^[a-z0-9]+(_[a-z0-9]+)*$"
NAME_PATTERN = r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$"

#: Columns of every data set that are computed, so no sensor may take their name.
RESERVED_NAMES = frozenset({"unit_id", "cycle_hour", "rul_hours", "failure_mode", "life_fraction"})

MachineId = Annotated[
    str, StringConstraints(pattern=MACHINE_ID_PATTERN, min_length=3, max_length=100)
]
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN, min_length=1, max_length=60)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]

Direction = Literal["rising", "falling", "steady"]
Law = Literal["linear", "exponential", "three_stage", "arrhenius", "paris", "gamma", "wiener"]


def _reject(*problems: Problem) -> PydanticCustomError:
    """One pydantic error that carries several problems, their paths relative to the model."""
    message = "; ".join(str(problem) for problem in problems)
    return PydanticCustomError("profile", "{message}", {"message": message, "problems": problems})


def _known_unit(unit: str) -> str:
    if unit not in UNITS:
        raise _reject(Problem("", f"unknown unit '{unit}'", f"write {nearest_unit(unit)}"))
    return unit


def _free_name(name: str) -> str:
    if name in RESERVED_NAMES:
        raise _reject(Problem("", f"'{name}' is a computed column", "choose another name"))
    return name


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Range(_Strict):
    """A closed interval in the sensor's unit."""

    min: float
    max: float

    @model_validator(mode="after")
    def _max_above_min(self) -> Self:
        if self.max <= self.min:
            raise _reject(
                Problem(
                    "max",
                    f"{self.max:g} is not above min {self.min:g}",
                    f"write a number greater than {self.min:g}",
                )
            )
        return self


class Sensor(_Strict):
    """One measured channel and how it behaves over a life.

    Attributes:
        name: Column name in every data set.
        unit: A key of `GAN.config.units.UNITS`.
        normal: Band of a healthy machine over its units and operating points, in `unit`.
        failure: Reading when the machine fails, in `unit`; absent for a steady sensor.
        direction: `rising` or `falling` towards `failure`, or `steady` (no trend).
        noise: Standard deviation of the AR(1) residual, in `unit`.
        ar1: Lag-1 autocorrelation of that residual from row to row, 0 <= ar1 < 1.
        onset: Fraction of life at which the sensor starts to react, 0 <= onset < 1.
        law: Shape of the path from normal to failure (see `GAN.laws`).
        limits: What the channel can read at all; derived when absent.
        source: Where the figures come from; `S: ...` marks a standard or data sheet.
    """

    name: Annotated[Name, AfterValidator(_free_name)]
    unit: Annotated[str, AfterValidator(_known_unit)]
    normal: Range
    failure: float | None = None
    direction: Direction
    noise: Annotated[float, Field(ge=0)]
    ar1: Annotated[float, Field(ge=0, lt=1)] = 0.5
    onset: Annotated[float, Field(ge=0, lt=1)] = 0.0
    law: Law = "linear"
    limits: Range | None = None
    source: Annotated[str, StringConstraints(max_length=300)] = ""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = [*self._failure_problems(), *self._scale_problems()]
        if problems:
            raise _reject(*problems)
        return self

    def _failure_problems(self) -> Iterator[Problem]:
        if self.direction == "steady":
            if self.failure is not None:
                yield Problem(
                    "failure",
                    "a steady sensor has no failure value",
                    "remove it, or write direction: rising or falling",
                )
        elif self.failure is None:
            yield Problem(
                "failure",
                f"missing for a {self.direction} sensor",
                "write the reading at failure, or direction: steady",
            )
        elif self.direction == "rising" and self.failure <= self.normal.max:
            yield Problem(
                "failure",
                f"{self.failure:g} is no rise from the normal band",
                f"write a number above normal.max {self.normal.max:g}",
            )
        elif self.direction == "falling" and self.failure >= self.normal.min:
            yield Problem(
                "failure",
                f"{self.failure:g} is no fall from the normal band",
                f"write a number below normal.min {self.normal.min:g}",
            )

    def _scale_problems(self) -> Iterator[Problem]:
        low, high = self._occupied
        if self.noise > high - low:
            yield Problem(
                "noise",
                f"{self.noise:g} drowns the signal, which spans {high - low:g}",
                f"write a standard deviation below {high - low:g}",
            )
        if self.limits and (self.limits.min > low or self.limits.max < high):
            yield Problem(
                "limits",
                f"{self.limits.min:g}..{self.limits.max:g} cut off readings the sensor has",
                f"write limits that hold {low:g}..{high:g}",
            )

    @property
    def _occupied(self) -> tuple[float, float]:
        ends = [self.normal.min, self.normal.max]
        if self.failure is not None:
            ends.append(self.failure)
        return min(ends), max(ends)

    @property
    def physical_limits(self) -> Range:
        """The limits as given, or the occupied range widened by a quarter within the unit's own."""
        if self.limits:
            return self.limits
        low, high = self._occupied
        margin = 0.25 * (high - low) + 4 * self.noise
        unit = UNITS[self.unit]
        low, high = low - margin, high + margin
        if unit.floor is not None:
            low = max(low, min(unit.floor, self._occupied[0]))
        ceiling = 100.0 if self.unit == "%" and self._occupied[1] <= 100 else unit.ceiling
        if ceiling is not None:
            high = min(high, ceiling)
        return Range(min=low, max=high)


class FailureMode(_Strict):
    """One way to fail.

    Attributes:
        name: Class label in the data.
        share: Relative frequency among failures; shares need not sum to one.
        sensors: Names of the sensors that reach their failure value in this mode. The others
            only drift (see `GAN.seed`).
    """

    name: Name
    share: Annotated[float, Field(gt=0)] = 1.0
    sensors: Annotated[tuple[Name, ...], Field(min_length=1, max_length=50)]


class RulOverrides(_Strict):
    """RUL settings of one machine; what is absent comes from its category."""

    max_rul_hours: Annotated[float, Field(ge=50, le=1_000_000)] | None = None
    cycles_per_dataset: Annotated[int, Field(ge=1, le=200)] | None = None
    degradation_pattern: DegradationPattern | None = None
    rul_noise_std_hours: Annotated[float, Field(ge=0)] | None = None
    weibull_shape: Annotated[float, Field(gt=0.5, le=20)] | None = None


def name_problems(
    sensors: Sequence[tuple[str, str]], modes: Sequence[FailureMode]
) -> Iterator[Problem]:
    """Names that are used twice, and failure modes that name no wearing sensor.

    Args:
        sensors: (name, direction) of each sensor.
        modes: The failure modes.
    """
    for field, names in (
        ("sensors", [name for name, _ in sensors]),
        ("failure_modes", [mode.name for mode in modes]),
    ):
        for index, name in enumerate(names):
            if name in names[:index]:
                yield Problem(
                    f"{field}[{index}].name",
                    f"'{name}' is already {field}[{names.index(name)}]",
                    "give each its own name",
                )
    wearing = {name for name, direction in sensors if direction != "steady"}
    for index, mode in enumerate(modes):
        for strange in sorted(set(mode.sensors) - wearing):
            yield Problem(
                f"failure_modes[{index}].sensors",
                f"'{strange}' is no rising or falling sensor",
                f"choose from {', '.join(sorted(wearing)) or '(there is none yet)'}",
            )


class MachineProfile(_Strict):
    """A machine as its owner describes it (schema version 1)."""

    schema_version: Literal[1] = 1
    machine_id: MachineId
    machine_type: Name
    manufacturer: Text
    model: Text
    description: Annotated[str, StringConstraints(max_length=500)] = ""
    rul: RulOverrides = RulOverrides()
    sensors: Annotated[tuple[Sensor, ...], Field(min_length=1, max_length=50)]
    failure_modes: Annotated[tuple[FailureMode, ...], Field(min_length=1, max_length=20)]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        problems = [
            *name_problems([(s.name, s.direction) for s in self.sensors], self.failure_modes),
            *self._spread_problems(),
        ]
        if problems:
            raise _reject(*problems)
        return self

    def _spread_problems(self) -> Iterator[Problem]:
        most = self.life.max_rul_hours / 4
        if self.life.rul_noise_std_hours > most:
            yield Problem(
                "rul.rul_noise_std_hours",
                f"{self.life.rul_noise_std_hours:g} is over a quarter of a life",
                f"write at most {most:g}",
            )

    @property
    def category(self) -> str:
        """The category whose defaults apply."""
        return category_of(self.machine_id, self.machine_type)

    @property
    def life(self) -> RulProfile:
        """RUL settings in force: the category's, with this machine's own on top."""
        return RUL_PROFILES[self.category]._replace(**self.rul.model_dump(exclude_none=True))

    @property
    def sha256(self) -> str:
        """Fingerprint of the content: equal for two files that say the same."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()
