"""The condition of units: running figures of their sensors, updated reading by reading.

The same function updates the lives of a training set in lockstep and the units of a fleet in a
batch, so a feature has one meaning. The memory of a unit is constant, whatever its history.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from GAN.prognosis.condition.sensors import Floats, SensorArrays

#: The running figures of a sensor: newest reading; exponential means of three time constants;
#: exponential variance; baseline and the number of its readings; hours of the newest reading and of
#: the newest change; the sums of a linear regression over the whole life, with hours since the
#: first reading and readings relative to the first one; how many readings came in the recent time
#: constant, and how many of them were impossible; and hours of the first row after a repair.
LAST, FAST, RECENT, LONG, VARIANCE, BASELINE, BASELINE_COUNT, SEEN_AT = range(8)
MOVED_AT, FIRST, COUNT, SUM_T, SUM_TT, SUM_X, SUM_TX, GIVEN, IMPOSSIBLE, RENEWED_AT = range(8, 18)
FIGURES = 18

#: A reading moves the means by at most this many standard deviations, so that a spike does little.
MOST_DEVIATIONS = 6.0

#: A sensor is faulty if a greater share of its recent readings is impossible, and more than one.
IMPOSSIBLE_SHARE = 0.05

_ZERO_AT_FIRST = [BASELINE_COUNT, COUNT, SUM_T, SUM_TT, SUM_X, SUM_TX, GIVEN, IMPOSSIBLE]


class Condition:
    """The condition of a number of units.

    Attributes:
        figures: Shape (units, sensors, FIGURES); NaN before the first reading.
        hours: Hours in service at the newest row of each unit, shape (units,).
        begun: Hours in service at the first row of each unit, shape (units,).
    """

    def __init__(self, sensors: SensorArrays, units: int) -> None:
        self.sensors = sensors
        self.figures: Floats = np.full((units, len(sensors.names), FIGURES), np.nan)
        self.figures[:, :, _ZERO_AT_FIRST] = 0.0
        self.hours: Floats = np.full(units, np.nan)
        self.begun: Floats = np.full(units, np.nan)

    def update(self, units: NDArray[np.intp], hours: Floats, readings: Floats) -> None:
        """Take one row of readings of some units.

        Impossible readings count as missing. After a gap of the long time constant the means begin
        anew: what they were before is not recent. The baseline and the slope of the life stay.

        Args:
            units: Indices of units, each at most once, shape (n,).
            hours: Hours in service, not before the unit's newest row, shape (n,).
            readings: Shape (n, sensors); NaN where a sensor has no reading.
        """
        s, f, now = self.sensors, self.figures[units], hours[:, None]
        since_row = np.nan_to_num(hours - self.hours[units])[:, None]
        begun = np.where(np.isnan(self.begun[units]), hours, self.begun[units])
        self.begun[units], self.hours[units] = begun, hours
        with np.errstate(invalid="ignore"):
            seen = (readings >= s.lowest) & (readings <= s.highest)
        given = ~np.isnan(readings)
        forget = np.exp(-since_row / s.recent_hours)
        f[:, :, GIVEN] = forget * f[:, :, GIVEN] + given
        f[:, :, IMPOSSIBLE] = forget * f[:, :, IMPOSSIBLE] + (given & ~seen)
        new = seen & np.isnan(f[:, :, LAST])
        value = np.where(seen, readings, 0.0)
        passed = np.where(np.isnan(f[:, :, SEEN_AT]), 0.0, now - f[:, :, SEEN_AT])
        moved = seen & (value != f[:, :, LAST])
        f[:, :, MOVED_AT] = np.where(moved, now, f[:, :, MOVED_AT])
        f[:, :, LAST] = np.where(seen, value, f[:, :, LAST])
        f[:, :, SEEN_AT] = np.where(seen, now, f[:, :, SEEN_AT])
        reach = MOST_DEVIATIONS * np.sqrt(np.where(new, 0.0, f[:, :, VARIANCE]))
        near = np.clip(value, f[:, :, RECENT] - reach, f[:, :, RECENT] + reach)
        anew = new | (seen & (passed > s.long_hours))
        value = np.where(anew, value, near)
        deviation = np.square(value - f[:, :, RECENT])
        for place, constant in (
            (FAST, s.fast_hours),
            (RECENT, s.recent_hours),
            (LONG, s.long_hours),
        ):
            _forget(f, place, value, seen, anew, np.exp(-passed / constant))
        keep = np.exp(-passed / s.long_hours)
        _forget(f, VARIANCE, deviation, seen, anew, keep, first=np.square(s.noise))
        its_begun = np.fmax(begun[:, None], f[:, :, RENEWED_AT])
        _add_to_baseline(f, value, seen & (now - its_begun <= s.baseline_hours))
        f[:, :, FIRST] = np.where(new, value, f[:, :, FIRST])
        _add_to_regression(f, value, np.where(seen, now - begun[:, None], 0.0), seen)
        self.figures[units] = f

    def renew(self, unit: int, sensors: Sequence[int], hours: float) -> None:
        """Forget what some sensors of a unit have shown: what they measure was repaired.

        Args:
            unit: Index of the unit.
            sensors: Indices of the sensors.
            hours: Hours in service at the first row after the repair.
        """
        fresh = np.full(FIGURES, np.nan)
        fresh[_ZERO_AT_FIRST] = 0.0
        fresh[RENEWED_AT] = hours
        self.figures[unit, sensors] = fresh

    @property
    def settled_since(self) -> Floats:
        """Hours at the first row, or at the first one after the newest repair, shape (units,)."""
        return np.fmax(self.begun, np.fmax.reduce(self.figures[:, :, RENEWED_AT], axis=1))

    @property
    def every_unit(self) -> NDArray[np.intp]:
        """The indices of all units."""
        return np.arange(len(self.hours))

    def baseline(self, units: NDArray[np.intp]) -> Floats:
        """Healthy reading of each sensor; before the first one, the band's middle, (n, sensors)."""
        found = self.figures[units][:, :, BASELINE]
        return np.where(np.isnan(found), (self.sensors.low + self.sensors.high) / 2, found)

    def silent(self, units: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Sensors without a reading for the recent time constant, shape (n, sensors)."""
        seen_at, now = self.figures[units][:, :, SEEN_AT], self.hours[units][:, None]
        return np.asarray(np.isnan(seen_at) | (now - seen_at > self.sensors.recent_hours))

    def stuck(self, units: NDArray[np.intp], lively: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Sensors that repeat one reading for that long although sound ones never do.

        Args:
            units: Indices of units, shape (n,).
            lively: Sensors whose readings change all the time in sound lives, shape (sensors,).
        """
        moved_at, now = self.figures[units][:, :, MOVED_AT], self.hours[units][:, None]
        with np.errstate(invalid="ignore"):
            return np.asarray(lively & (now - moved_at > self.sensors.recent_hours))

    def implausible(self, units: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Sensors with too many impossible readings of late, shape (n, sensors)."""
        given, impossible = self.figures[units][:, :, [GIVEN, IMPOSSIBLE]].transpose(2, 0, 1)
        return np.asarray((impossible > 1.0) & (impossible > IMPOSSIBLE_SHARE * given))


def in_step(
    first: NDArray[np.intp], end: NDArray[np.intp]
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """The rows of several units, one row of each unit at a time.

    Args:
        first: Position of each unit's first row, shape (units,).
        end: Position after its last row, shape (units,).

    Yields:
        The units that still have a row, and the positions of these rows.
    """
    for step in range(int((end - first).max())):
        units = np.flatnonzero(first + step < end)
        yield units, first[units] + step


def _forget(
    figures: Floats,
    place: int,
    value: Floats,
    seen: NDArray[np.bool_],
    new: NDArray[np.bool_],
    keep: Floats,
    first: Any = None,
) -> None:
    """Move an exponential mean towards a value."""
    moved = keep * figures[:, :, place] + (1.0 - keep) * value
    begin = value if first is None else first
    figures[:, :, place] = np.where(new, begin, np.where(seen, moved, figures[:, :, place]))


def _add_to_baseline(figures: Floats, value: Floats, early: NDArray[np.bool_]) -> None:
    count = figures[:, :, BASELINE_COUNT] + early
    mean = np.nan_to_num(figures[:, :, BASELINE])
    mean = mean + np.where(early, (value - mean) / np.maximum(count, 1.0), 0.0)
    figures[:, :, BASELINE_COUNT] = count
    figures[:, :, BASELINE] = np.where(count > 0, mean, np.nan)


def _add_to_regression(
    figures: Floats, value: Floats, age: Floats, seen: NDArray[np.bool_]
) -> None:
    relative = np.where(seen, value - figures[:, :, FIRST], 0.0)
    figures[:, :, COUNT] += seen
    figures[:, :, SUM_T] += age
    figures[:, :, SUM_TT] += age * age
    figures[:, :, SUM_X] += relative
    figures[:, :, SUM_TX] += age * relative
