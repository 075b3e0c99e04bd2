"""A profile's sensors as arrays, and the time constants of what is learnt from their readings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from GAN.profiles.profile import MachineProfile

Floats = NDArray[np.float64]

#: Least time constant of a recent mean, as a share of the longest life and in time steps.
RECENT_SHARE, RECENT_STEPS = 0.01, 10
#: The fast mean forgets faster than the recent one by this factor, the long mean more slowly.
FAST_FACTOR, LONG_FACTOR = 0.3, 5.0
#: How long the start of a life counts as its healthy baseline, likewise.
BASELINE_SHARE, BASELINE_STEPS = 0.02, 30


@dataclass(frozen=True)
class SensorArrays:
    """The sensors of a profile; each array has shape (sensors,), in the sensor's unit.

    Attributes:
        low: Least reading of the healthy band.
        high: Greatest reading of the healthy band.
        failure: Reading at failure; NaN for a steady sensor.
        rising: Whether readings rise towards failure; True for a steady sensor.
        noise: Standard deviation of the noise; above 0.
        lowest: Least possible reading.
        highest: Greatest possible reading.
        longest_life: Hours.
        step_hours: Time step between readings that the sensors were learnt at, hours.
    """

    names: tuple[str, ...]
    low: Floats
    high: Floats
    failure: Floats
    rising: NDArray[np.bool_]
    noise: Floats
    lowest: Floats
    highest: Floats
    longest_life: float
    step_hours: float

    @classmethod
    def of(cls, profile: MachineProfile, step_hours: float) -> SensorArrays:
        """The sensors of a profile."""

        def array(values: Any) -> Floats:
            return np.array(list(values), dtype=np.float64)

        sensors = profile.sensors
        limits = [sensor.physical_limits for sensor in sensors]
        return cls(
            names=tuple(sensor.name for sensor in sensors),
            low=array(sensor.normal.min for sensor in sensors),
            high=array(sensor.normal.max for sensor in sensors),
            failure=array(np.nan if s.failure is None else s.failure for s in sensors),
            rising=np.array([sensor.direction != "falling" for sensor in sensors]),
            noise=array(max(s.noise, 1e-3 * (s.normal.max - s.normal.min)) for s in sensors),
            lowest=array(limit.min for limit in limits),
            highest=array(limit.max for limit in limits),
            longest_life=float(profile.life.max_rul_hours),
            step_hours=float(step_hours),
        )

    @cached_property
    def wearing(self) -> NDArray[np.intp]:
        """Indices of the sensors that move towards a failure value."""
        return np.flatnonzero(~np.isnan(self.failure))

    @property
    def recent_hours(self) -> float:
        """Time constant of the recent mean, hours."""
        return max(RECENT_SHARE * self.longest_life, RECENT_STEPS * self.step_hours)

    @property
    def fast_hours(self) -> float:
        """Time constant of the fast mean, hours."""
        return FAST_FACTOR * self.recent_hours

    @property
    def long_hours(self) -> float:
        """Time constant of the long mean, hours."""
        return LONG_FACTOR * self.recent_hours

    @property
    def baseline_hours(self) -> float:
        """Length of a life's start that counts as its healthy baseline, hours."""
        return max(BASELINE_SHARE * self.longest_life, BASELINE_STEPS * self.step_hours)

    @property
    def alarm(self) -> Floats:
        """Alarm value: halfway from the healthy band to failure; NaN for a steady sensor."""
        return (np.where(self.rising, self.high, self.low) + self.failure) / 2

    def way(self, baseline: Floats) -> Floats:
        """The distance from a baseline to failure, signed.

        A baseline outside the healthy band moves the failure value by as much: then the sensor or
        the profile is off. A steady sensor has half its healthy band instead.

        Args:
            baseline: Shape (..., sensors).

        Returns:
            The same shape; its size is never below half the band or 1.5 times the noise.
        """
        offset = baseline - np.clip(baseline, self.low, self.high)
        half = (self.high - self.low) / 2
        steady = np.isnan(self.failure)
        way = np.where(steady, half, np.nan_to_num(self.failure) + offset - baseline)
        least = np.maximum(half, 3 * self.noise) / 2
        signed = np.where(self.rising, least, -least)
        return np.where(np.abs(way) < least, signed, way)
