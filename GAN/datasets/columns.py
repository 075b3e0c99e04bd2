"""Descriptions of the columns of a data set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from GAN.config.units import UNITS
from GAN.profiles.profile import MachineProfile, Sensor


class Column(NamedTuple):
    """A column of a seed or synthetic set.

    Attributes:
        type: The Parquet type.
        unit: A key of `GAN.config.units.UNITS`; empty if the column has no unit.
        meaning: Description from the profile, as plain text.
    """

    name: str
    type: str
    unit: str
    meaning: str


def columns(profile: MachineProfile) -> list[Column]:
    """The columns of a data set, in order."""
    modes = ", ".join(mode.name for mode in profile.failure_modes)
    return [
        Column("unit_id", "int32", "", "number of the unit, which is in one set only"),
        Column("cycle_hour", "double", "h", "time since the unit was new"),
        Column("rul_hours", "double", "h", "remaining useful life: 0 when the unit fails; a label"),
        Column("failure_mode", "string", "", f"how the unit will fail: {modes}; a label"),
        *(
            Column(sensor.name, "double", sensor.unit, "; ".join(_meaning(sensor, profile)))
            for sensor in profile.sensors
        ),
    ]


def _meaning(sensor: Sensor, profile: MachineProfile) -> Iterator[str]:
    limits = sensor.physical_limits
    yield UNITS[sensor.unit].quantity
    yield f"{sensor.normal.min:g} to {sensor.normal.max:g} when healthy"
    if sensor.failure is None:
        yield "steady"
    else:
        modes = [mode.name for mode in profile.failure_modes if sensor.name in mode.sensors]
        driven = f" in failure mode {', '.join(modes)}" if modes else ", in no failure mode"
        yield f"{sensor.direction} to {sensor.failure:g} at failure{driven}"
    yield f"possible from {limits.min:g} to {limits.max:g}"
    if sensor.source:
        yield f"source: {sensor.source}"
