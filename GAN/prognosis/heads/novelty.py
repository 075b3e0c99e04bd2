"""Anomaly detection: how far a unit strays from its own healthy start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from GAN.prognosis.condition.sensors import Floats

#: An alarm that was raised at a limit is cleared below this share of it.
CLEARED_AT = 0.8

#: Rows of the first part of life count as healthy; a larger part if there are too few of them.
_HEALTHY_SHARES, _FEWEST_ROWS = (0.2, 0.4, 1.0), 50
_SHRINKAGE = 0.1
_LIMITS = 60


@dataclass(frozen=True)
class NoveltyModel:
    """A Mahalanobis distance of all sensors from the unit's baseline; 1 is usual.

    Attributes:
        scale: Root mean square of `used` in healthy rows, shape (sensors,).
        precision: Inverse of the shrunk correlation matrix, shape (sensors, sensors).
        limits: Possible limits, ascending, shape (k,).
        rates: False alarms in 1,000 healthy hours at each limit, falling, shape (k,).
    """

    scale: Floats
    precision: Floats
    limits: Floats
    rates: Floats

    @classmethod
    def fit(
        cls, used: Floats, age: Floats, rul: Floats, units: NDArray[np.intp], settled: float
    ) -> NoveltyModel:
        """Learn from rows of whole lives that were watched from new.

        Args:
            used: Share of its way to failure that each sensor has gone, shape (n, sensors).
            age: Hours in service, shape (n,).
            rul: Hours, shape (n,).
            units: Unit of each row, shape (n,).
            settled: Hours until a unit's baseline is known.
        """
        healthy = np.zeros(len(used), dtype=bool)
        for share in _HEALTHY_SHARES:
            healthy = (age <= share * (age + rul)) & (age > settled)
            if healthy.sum() >= _FEWEST_ROWS:
                break
        if not healthy.any():  # Lives as short as the time until the baseline is known.
            healthy[:] = True
        rows = np.nan_to_num(used[healthy])
        scale = np.maximum(np.sqrt(np.mean(np.square(rows), axis=0)), 1e-9)
        relative = rows / scale
        covariance = relative.T @ relative / len(relative)
        shrunk = (1 - _SHRINKAGE) * covariance + _SHRINKAGE * np.eye(len(scale))
        precision = np.linalg.inv(shrunk)
        score = _distance(rows, scale, precision)
        limits = np.quantile(score, np.linspace(0.5, 1.0, _LIMITS))
        rates = _false_alarm_rates(score, age[healthy], units[healthy], limits)
        return cls(scale, precision, limits, rates)

    def score(self, used: Floats) -> Floats:
        """Novelty of each row, shape (n,); missing sensors count as usual."""
        return _distance(np.nan_to_num(used), self.scale, self.precision)

    def limit(self, false_alarms_per_1000_hours: float = 1.0) -> float:
        """The least limit with at most this rate of false alarms."""
        enough = np.flatnonzero(self.rates <= false_alarms_per_1000_hours)
        return float(self.limits[enough[0]] if len(enough) else 1.1 * self.limits[-1])


def count_alarms(scores: Floats, limit: float) -> int:
    """How many alarms a unit's scores raise, in order of time."""
    count, raised = 0, False
    for score in scores:
        if not raised and score > limit:
            count += 1
        raised = bool(score > (CLEARED_AT if raised else 1.0) * limit)
    return count


def _distance(rows: Floats, scale: Floats, precision: Floats) -> Floats:
    relative = rows / scale
    squares = np.einsum("ij,jk,ik->i", relative, precision, relative)
    return np.asarray(np.sqrt(np.maximum(squares, 0.0) / len(scale)))


def _false_alarm_rates(
    score: Floats, age: Floats, units: NDArray[np.intp], limits: Floats
) -> Floats:
    paths, hours = [], 0.0
    for unit in np.unique(units):
        mine = np.flatnonzero(units == unit)
        mine = mine[np.argsort(age[mine], kind="stable")]
        paths.append(score[mine])
        hours += float(np.ptp(age[mine]))
    counts = [sum(count_alarms(path, limit) for path in paths) for limit in limits]
    rates = 1000.0 * np.array(counts, dtype=np.float64) / max(hours, 1.0)
    return np.maximum.accumulate(rates[::-1])[::-1]
