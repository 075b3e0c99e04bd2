"""What moves the sensors of a healthy machine: its load, the weather, and other sensors.

A profile may declare *drivers* (schema version 2). A *coupling* says how far a sensor moves when a
driver or another sensor does. `GAN.simulation.drivers` makes their courses.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator

from errors import Problem
from GAN.config.limits import MAX_MAX_RUL_HOURS
from GAN.profiles.sensor import Name, Reading, Strict, printable, reject

#: What a coupling calls the drivers. No sensor can have such a name, because it has a dot.
LOAD, AMBIENT = "driver.load", "driver.ambient"
MAX_COUPLINGS = 200
DAY_HOURS = 24.0

Followed = Annotated[
    str,
    StringConstraints(
        pattern=r"^(driver\.(load|ambient)|[a-z][a-z0-9]*(_[a-z0-9]+)*)$", max_length=60
    ),
]
Source = Annotated[str, StringConstraints(max_length=300), AfterValidator(printable)]
Hours = Annotated[float, Field(gt=0, le=MAX_MAX_RUL_HOURS)]
Kelvin = Annotated[float, Field(ge=0, le=50)]


class Load(Strict):
    """How hard the machine works, as a share of its rated load.

    Attributes:
        pattern: `continuous`: the load wanders between `low` and `high`, and keeps its level for
            about `hours`. `duty_cycle`: phases of high and of low load; one of each takes about
            `hours`. `shifts`: the machine works `hours` a day from Monday to Friday, under a load
            that wanders between `low` and `high`, and idles at `low` for the rest.
        low: Least load; 1 is the rated one.
        high: Greatest load.
        hours: See `pattern`.
        source: Where the values come from.
    """

    pattern: Literal["continuous", "duty_cycle", "shifts"]
    low: Annotated[float, Field(ge=0, le=2)]
    high: Annotated[float, Field(ge=0, le=2)]
    hours: Hours
    source: Source = ""

    @field_validator("high")
    @classmethod
    def _above_low(cls, high: float, info: ValidationInfo) -> float:
        low = info.data.get("low")
        if low is not None and high <= low:
            message, advice = f"{high:g} is not above low {low:g}", f"write more than {low:g}"
            raise reject(Problem("", message, advice))
        return high

    @field_validator("hours")
    @classmethod
    def _within_a_day(cls, hours: float, info: ValidationInfo) -> float:
        if info.data.get("pattern") == "shifts" and hours > DAY_HOURS:
            message = f"{hours:g} hours of work do not fit into a day"
            raise reject(Problem("", message, f"write at most {DAY_HOURS:g}"))
        return hours

    @property
    def half_range(self) -> float:
        """How far the load is from the middle of its range, at most."""
        return (self.high - self.low) / 2


class Ambient(Strict):
    """How the temperature of the surroundings varies.

    Attributes:
        daily_amplitude: Half the difference between 15:00 and 3:00, K.
        seasonal_amplitude: Half the difference between the warmest and the coldest day, K.
        source: Where the values come from.
    """

    daily_amplitude: Kelvin
    seasonal_amplitude: Kelvin
    source: Source = ""

    @property
    def half_range(self) -> float:
        """How far the temperature is from its yearly mean, at most, K."""
        return self.daily_amplitude + self.seasonal_amplitude


class Coupling(Strict):
    """How a sensor follows a driver or another sensor.

    Attributes:
        sensor: The sensor that moves.
        follows: Another sensor, `driver.load` or `driver.ambient`. Of a sensor, what wear adds is
            not followed: each sensor has its own law.
        gain: Change of the sensor, in its unit, for a change of 1 of what it follows: the rated
            load, 1 K, or the unit of the other sensor.
        lag_hours: Time constant of a first-order lag, hours; 0: it follows at once.
        source: Where the values come from.
    """

    sensor: Name
    follows: Followed
    gain: Reading
    lag_hours: Annotated[float, Field(ge=0, le=MAX_MAX_RUL_HOURS)] = 0.0
    source: Source = ""


class Maintenance(Strict):
    """Regular work that takes back part of the wear of some sensors.

    Attributes:
        every_hours: Time from one maintenance to the next, hours.
        restores: Share of the wear that it takes back. It wears off again until the next one.
        sensors: The sensors that it restores; they rise or fall.
        source: Where the values come from.
    """

    every_hours: Hours
    restores: Annotated[float, Field(gt=0, le=1)]
    sensors: Annotated[tuple[Name, ...], Field(min_length=1, max_length=50)]
    source: Source = ""


class Drivers(Strict):
    """What moves the sensors of a healthy machine.

    Attributes:
        load: How hard the machine works; None: nothing follows it.
        ambient: How the surroundings vary; None: nothing follows them.
        couplings: How sensors follow the drivers and each other.
        maintenance: What takes back wear; None: nothing does.
    """

    load: Load | None = None
    ambient: Ambient | None = None
    couplings: Annotated[tuple[Coupling, ...], Field(max_length=MAX_COUPLINGS)] = ()
    maintenance: Maintenance | None = None

    @property
    def half_ranges(self) -> dict[str, float]:
        """How far each declared driver is from the middle of its range, at most."""
        declared = {LOAD: self.load, AMBIENT: self.ambient}
        return {name: driver.half_range for name, driver in declared.items() if driver is not None}
