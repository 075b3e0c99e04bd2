"""Anomaly detection: how far a unit strays from its own healthy start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from GAN.profiles.profile import MachineProfile
from GAN.prognosis.condition.features import follow
from GAN.prognosis.condition.sensors import Floats, SensorArrays
from GAN.prognosis.heads.boosting import unit_folds

if TYPE_CHECKING:
    import pandas as pd

#: An alarm that was raised at a limit is cleared below this share of it.
CLEARED_AT = 0.8

#: A unit counts as healthy for at least this share of its life.
_LEAST_HEALTHY_SHARE = 0.1
#: Larger shares, if there are too few healthy rows.
_LARGER_SHARES, _FEWEST_ROWS = (0.4, 1.0), 50
_SHRINKAGE = 0.1
_LIMITS, _FOLDS = 60, 4


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
        cls,
        frame: pd.DataFrame,
        sensors: SensorArrays,
        lively: NDArray[np.bool_],
        healthy_share: float,
    ) -> Self:
        """Learn from the healthy part of whole lives, every row of it.

        The limits come from scores of units that were left out.

        Args:
            frame: unit_id, cycle_hour, rul_hours and the sensors, sorted by unit and hour.
            sensors: The sensors.
            lively: See `Condition.stuck`.
            healthy_share: Share of a life in which a unit counts as healthy.
        """
        used, age, units = healthy_rows(frame, sensors, lively, healthy_share)
        fold = unit_folds(units, _FOLDS)
        score = np.empty(len(used))
        for number in range(fold.max() + 1):
            left_out = fold == number
            others = used if left_out.all() else used[~left_out]
            score[left_out] = _distance(used[left_out], *_scale_and_precision(others))
        tail = np.geomspace(0.5, 1.0 / len(score), _LIMITS - 1)
        limits = np.quantile(score, 1.0 - np.append(tail, 0.0))
        rates = _false_alarm_rates(score, age, units, limits)
        return cls(*_scale_and_precision(used), limits, rates)

    def score(self, used: Floats) -> Floats:
        """Novelty of each row, shape (n,); missing sensors count as usual."""
        return _distance(np.nan_to_num(used), self.scale, self.precision)

    def limit(self, false_alarms_per_1000_hours: float = 1.0) -> float:
        """The least limit with at most this rate of false alarms."""
        enough = np.flatnonzero(self.rates <= false_alarms_per_1000_hours)
        return float(self.limits[enough[0]] if len(enough) else 1.1 * self.limits[-1])


def healthy_share(profile: MachineProfile) -> float:
    """Share of a life in which a unit counts as healthy: up to the first onset of wear."""
    onsets = [sensor.onset for sensor in profile.sensors if sensor.failure is not None]
    return max(min(onsets, default=0.0), _LEAST_HEALTHY_SHARE)


def healthy_rows(
    frame: pd.DataFrame, sensors: SensorArrays, lively: NDArray[np.bool_], share: float
) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Rows of healthy units whose baseline is known; of more of their lives if these are few.

    Arguments are those of `NoveltyModel.fit`.

    Returns:
        Share of its way to failure that each sensor has gone, 0 if missing, shape (n, sensors);
        hours in service and unit of each row, shape (n,).
    """
    age = frame["cycle_hour"].to_numpy(np.float64)
    fraction = age / np.maximum(age + frame["rul_hours"].to_numpy(np.float64), 1e-9)
    settled = age > sensors.baseline_hours
    for end in (share, *_LARGER_SHARES):
        early = fraction <= end
        if (early & settled).sum() >= _FEWEST_ROWS:
            break
    if not settled.any():  # Lives as short as the time until the baseline is known.
        settled[:] = True
    part, kept = frame[early], settled[early]
    rows = follow(part, sensors, lively=lively).rows[kept, : len(sensors.names)]
    return np.nan_to_num(rows), age[early][kept], part["unit_id"].to_numpy()[kept]


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


def _scale_and_precision(used: Floats) -> tuple[Floats, Floats]:
    scale = np.maximum(np.sqrt(np.mean(np.square(used), axis=0)), 1e-9)
    relative = used / scale
    covariance = relative.T @ relative / len(relative)
    shrunk = (1 - _SHRINKAGE) * covariance + _SHRINKAGE * np.eye(len(scale))
    return scale, np.linalg.inv(shrunk)


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
