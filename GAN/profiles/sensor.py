"""One sensor of a machine: healthy readings, failure value, and the path between them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from errors import Problem
from GAN.config.units import UNITS, nearest_unit

NAME_PATTERN = r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$"

#: Computed columns of every data set; sensors cannot have these names.
RESERVED_NAMES = frozenset({"unit_id", "cycle_hour", "rul_hours", "failure_mode", "life_fraction"})

Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN, min_length=1, max_length=60)]
#: Largest absolute reading, which keeps computations far from overflow.
LARGEST = 1e12
Reading = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
Direction = Literal["rising", "falling", "steady"]
Law = Literal["linear", "exponential", "three_stage", "arrhenius", "paris", "gamma", "wiener"]


def reject(*problems: Problem) -> PydanticCustomError:
    """One pydantic error with several problems; their paths are relative to the error's."""
    message = "; ".join(str(problem) for problem in problems)
    return PydanticCustomError("profile", "{message}", {"message": message, "problems": problems})


def printable(text: str) -> str:
    """Refuse control characters: PostgreSQL cannot store NUL, for example."""
    strange = sorted({character for character in text if ord(character) < 32} - {"\n", "\t"})
    if strange:
        found = ", ".join(map(ascii, strange))
        raise reject(Problem("", f"control characters ({found})", "write plain text"))
    return text


def _reject_value(message: str, advice: str) -> PydanticCustomError:
    return reject(Problem("", message, advice))


def _known_unit(unit: str) -> str:
    if unit not in UNITS:
        raise _reject_value(f"unknown unit {unit!r}", f"write {nearest_unit(unit)}")
    return unit


def _free_name(name: str) -> str:
    if name in RESERVED_NAMES:
        raise _reject_value(f"'{name}' is a computed column", "choose another name")
    return name


Unit = Annotated[
    str,
    StringConstraints(max_length=40),
    AfterValidator(_known_unit),
    Field(json_schema_extra={"enum": list(UNITS)}),
]


class Strict(BaseModel):
    """Refuses unknown fields and numbers that are not finite; immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Range(Strict):
    """A closed interval in the sensor's unit."""

    min: Reading
    max: Reading

    @field_validator("max")
    @classmethod
    def _above_min(cls, high: float, info: ValidationInfo) -> float:
        low = info.data.get("min")
        if low is not None and high <= low:
            raise _reject_value(
                f"{high:g} is not above min {low:g}", f"write a number greater than {low:g}"
            )
        return high

    @property
    def middle(self) -> float:
        """The middle of both ends."""
        return (self.min + self.max) / 2

    @property
    def half_width(self) -> float:
        """Half the distance between the ends."""
        return (self.max - self.min) / 2


def _occupied(normal: Range, failure: float | None) -> tuple[float, float]:
    """Smallest and largest reading between a healthy machine and a failed one."""
    ends = [normal.min, normal.max, *([] if failure is None else [failure])]
    return min(ends), max(ends)


class Sensor(Strict):
    """One sensor and its behaviour over a life.

    The checks are validators of single fields, so that one invalid field does not hide problems of
    the others. A validator sees the fields defined before its own, so their order matters.

    Attributes:
        name: Column name in every data set.
        unit: A key of `GAN.config.units.UNITS`.
        normal: Range of healthy readings over all units and operating points, in `unit`.
        direction: `rising` or `falling` towards `failure`, or `steady` (no trend).
        failure: Reading when the machine fails, in `unit`; None for a steady sensor.
        noise: Standard deviation of the AR(1) residual, in `unit`.
        ar1: Lag-1 autocorrelation of that residual from row to row, 0 <= ar1 < 1.
        onset: Fraction of life at which the sensor starts to degrade, 0 <= onset < 1.
        law: Degradation law: shape of the path from normal to failure (see
            `GAN.simulation.degradation`).
        limits: Range of possible readings; derived if None.
        source: Source of the values; `S: ...` marks a standard or data sheet.
    """

    name: Annotated[Name, AfterValidator(_free_name)]
    unit: Unit
    normal: Range
    direction: Direction
    failure: Annotated[Reading | None, Field(validate_default=True)] = None
    noise: Annotated[Reading, Field(ge=0)]
    ar1: Annotated[float, Field(ge=0, lt=1)] = 0.5
    onset: Annotated[float, Field(ge=0, lt=1)] = 0.0
    law: Law = "linear"
    limits: Range | None = None
    source: Annotated[str, StringConstraints(max_length=300), AfterValidator(printable)] = ""

    @field_validator("failure")
    @classmethod
    def _given_when_wearing(cls, failure: float | None, info: ValidationInfo) -> float | None:
        direction = info.data.get("direction")
        if direction == "steady" and failure is not None:
            raise _reject_value(
                "a steady sensor has no failure value",
                "remove it, or write direction: rising or falling",
            )
        if direction in ("rising", "falling") and failure is None:
            raise _reject_value(
                f"missing for a {direction} sensor",
                "write the reading at failure, or direction: steady",
            )
        return failure

    @field_validator("failure")
    @classmethod
    def _beyond_normal(cls, failure: float | None, info: ValidationInfo) -> float | None:
        direction, normal = info.data.get("direction"), info.data.get("normal")
        if failure is None or normal is None:
            return failure
        if direction == "rising" and failure <= normal.max:
            raise _reject_value(
                f"{failure:g} is not above the normal band",
                f"write a number above normal.max {normal.max:g}",
            )
        if direction == "falling" and failure >= normal.min:
            raise _reject_value(
                f"{failure:g} is not below the normal band",
                f"write a number below normal.min {normal.min:g}",
            )
        return failure

    @field_validator("noise")
    @classmethod
    def _below_the_signal(cls, noise: float, info: ValidationInfo) -> float:
        if {"normal", "failure"} <= info.data.keys():
            low, high = _occupied(info.data["normal"], info.data["failure"])
            if noise > high - low:
                raise _reject_value(
                    f"{noise:g} is larger than the signal, which spans {high - low:g}",
                    f"write a standard deviation below {high - low:g}",
                )
        return noise

    @field_validator("limits")
    @classmethod
    def _hold_every_reading(cls, limits: Range | None, info: ValidationInfo) -> Range | None:
        if limits and {"normal", "failure"} <= info.data.keys():
            low, high = _occupied(info.data["normal"], info.data["failure"])
            if limits.min > low or limits.max < high:
                raise _reject_value(
                    f"{limits.min:g}..{limits.max:g} exclude readings the sensor has",
                    f"write limits that hold {low:g}..{high:g}",
                )
        return limits

    @property
    def physical_limits(self) -> Range:
        """The given limits, or the occupied range widened by a quarter within the unit's range."""
        if self.limits:
            return self.limits
        lowest, highest = _occupied(self.normal, self.failure)
        margin = 0.25 * (highest - lowest) + 4 * self.noise
        low, high = lowest - margin, highest + margin
        unit = UNITS[self.unit]
        if unit.floor is not None:
            low = max(low, min(unit.floor, lowest))
        ceiling = 100.0 if self.unit == "%" and highest <= 100 else unit.ceiling
        if ceiling is not None:
            high = min(high, max(ceiling, highest))
        return Range(min=max(low, -LARGEST), max=min(high, LARGEST))
