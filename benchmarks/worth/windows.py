"""Features of time windows that end at a row: all that is known of a unit at that time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.worth.lives import sensors_of
from GAN.prognosis.condition.sensors import Floats

Rows = NDArray[np.intp]


class Windows(NamedTuple):
    """Lengths of two windows, hours."""

    short: float
    long: float

    @classmethod
    def of_life(cls, mean_life: float) -> Windows:
        """A twentieth and a fifth of the mean life."""
        return cls(0.05 * mean_life, 0.2 * mean_life)


def window_features(lives: pd.DataFrame, at: Rows, windows: Windows) -> Floats:
    """What gradient boosting gets.

    Args:
        lives: Sorted by unit and hour.
        at: Rows whose features are wanted, shape (n,).
        windows: Lengths of the windows.

    Returns:
        Of each sensor the reading, the mean and the slope over both windows, and the mean of the
        short window less that of the unit's first rows; and the age, shape (n, 6 * sensors + 1).
    """
    readings = lives[sensors_of(lives)].to_numpy(np.float64)
    hours = lives["cycle_hour"].to_numpy(np.float64)
    first, unit = _first_rows(lives["unit_id"].to_numpy())
    base = readings[first]
    sums = _Sums(readings - base, hours)
    apart = 2.0 * (hours.max() + windows.long)
    moment = unit * apart + hours  # Ascending over all units, so that one search finds all starts.

    def start(window: float) -> Rows:
        found = np.searchsorted(moment, moment[at] - window, side="right")
        return np.asarray(np.maximum(found, first[at]), dtype=np.intp)

    short, long = start(windows.short), start(windows.long)
    beginning = np.searchsorted(moment, moment[first[at]] + windows.short, side="left") - 1
    since = sums.mean(first[at], np.minimum(np.maximum(beginning, first[at]), at))
    recent, longer = sums.mean(short, at), sums.mean(long, at)
    parts = [readings[at], base[at] + recent, base[at] + longer]
    parts += [sums.slope(short, at), sums.slope(long, at), recent - since, hours[at, None]]
    return np.hstack(parts)


def _first_rows(units: NDArray[np.int64]) -> tuple[Rows, Rows]:
    """The first row of each row's unit, and the number of that unit from 0."""
    begins = np.append(True, units[1:] != units[:-1])
    unit = np.cumsum(begins) - 1
    return np.flatnonzero(begins)[unit], unit


class _Sums:
    """Sums over spans of rows, by differences of running sums."""

    def __init__(self, readings: Floats, hours: Floats) -> None:
        self._scale = float(hours.max()) or 1.0
        time = (hours / self._scale)[:, None]
        self._count = _running(np.ones_like(time))
        self._time, self._square = _running(time), _running(time * time)
        self._reading, self._product = _running(readings), _running(readings * time)

    def mean(self, start: Rows, end: Rows) -> Floats:
        """Mean reading of the rows from `start` to `end`, both included, shape (n, sensors)."""
        return self._over(self._reading, start, end) / self._over(self._count, start, end)

    def slope(self, start: Rows, end: Rows) -> Floats:
        """Least squares slope of these rows, per hour; 0 for a single row."""
        count, time = self._over(self._count, start, end), self._over(self._time, start, end)
        spread = count * self._over(self._square, start, end) - time * time
        reading = self._over(self._reading, start, end)
        rise = count * self._over(self._product, start, end) - time * reading
        steep = rise / np.where(count > 1, spread, 1.0)
        return np.asarray(np.where(count > 1, steep, 0.0) / self._scale)

    @staticmethod
    def _over(running: Floats, start: Rows, end: Rows) -> Floats:
        return np.asarray(running[end + 1] - running[start])


def _running(values: Floats) -> Floats:
    return np.vstack([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
