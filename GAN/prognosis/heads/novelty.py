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
#: Healthy rows that are learnt; more take memory and say little.
_MOST_ROWS = 50_000
#: Least scale of a sensor, as a share of its way to failure.
_LEAST_SCALE = 1e-3
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
        for share in (healthy_share, *_LARGER_SHARES):
            used, age, units = healthy_rows(frame, sensors, lively, share)
            if len(used) >= _FEWEST_ROWS:
                break
        if not len(used):  # Lives as short as the time until the baseline is known.
            used, age, units = healthy_rows(frame, sensors, lively, 1.0, settled=False)
        scale = _scale(used)
        relative, fold = np.nan_to_num(used) / scale, unit_folds(units, _FOLDS)
        score = np.empty(len(used))
        for number in range(fold.max() + 1):
            left_out = fold == number
            others = relative if left_out.all() else relative[~left_out]
            score[left_out] = _distance(relative[left_out], _precision(others))
        tail = np.geomspace(0.5, 1.0 / len(score), _LIMITS - 1)
        limits = np.quantile(score, 1.0 - np.append(tail, 0.0))
        rates = _false_alarm_rates(score, age, units, limits)
        return cls(scale, _precision(relative), limits, rates)

    def score(self, used: Floats) -> Floats:
        """Novelty of each row, shape (n,); missing sensors count as usual."""
        return _distance(np.nan_to_num(used) / self.scale, self.precision)

    def limit(self, false_alarms_per_1000_hours: float = 1.0) -> float:
        """The least limit with at most this rate of false alarms; the last one has none."""
        return float(self.limits[np.argmax(self.rates <= false_alarms_per_1000_hours)])


def healthy_share(profile: MachineProfile) -> float:
    """Share of a life in which a unit counts as healthy: up to the first onset of wear."""
    onsets = [sensor.onset for sensor in profile.sensors if sensor.failure is not None]
    return max(min(onsets, default=0.0), _LEAST_HEALTHY_SHARE)


def healthy_rows(
    frame: pd.DataFrame,
    sensors: SensorArrays,
    lively: NDArray[np.bool_],
    share: float,
    settled: bool = True,
) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """All rows of the healthy part of lives.

    Args:
        frame: As in `NoveltyModel.fit`.
        sensors: The sensors.
        lively: See `Condition.stuck`.
        share: Share of a life in which a unit counts as healthy.
        settled: Only rows after the baseline is known.

    Returns:
        Share of its way to failure that each sensor has gone, NaN if missing, shape (n, sensors);
        hours in service and unit of each row, shape (n,).
    """
    age = frame["cycle_hour"].to_numpy(np.float64)
    life = np.maximum(age + frame["rul_hours"].to_numpy(np.float64), 1e-9)
    early = age <= share * life
    # Whole units, so that no alarm is cut; the first one always counts.
    unit = np.unique(frame["unit_id"], return_inverse=True)[1]
    before = np.cumsum(np.bincount(unit, early)) - np.bincount(unit, early)
    early &= (before < _MOST_ROWS)[unit]
    kept = age > sensors.baseline_hours if settled else np.ones(len(age), dtype=bool)
    if not (early & kept).any():
        return np.empty((0, len(sensors.names))), np.empty(0), np.empty(0, dtype=np.intp)
    rows = follow(frame[early], sensors, kept[early], lively=lively).rows
    chosen = frame["unit_id"].to_numpy()[early & kept]
    return rows[:, : len(sensors.names)], age[early & kept], chosen


def count_alarms(scores: Floats, limit: float) -> int:
    """How many alarms a unit's scores raise, in order of time."""
    count, raised = 0, False
    for score in scores:
        if not raised and score > limit:
            count += 1
        raised = bool(score > (CLEARED_AT if raised else 1.0) * limit)
    return count


def _scale(used: Floats) -> Floats:
    """Root mean square of each sensor's known rows; a sensor that hardly moves has a floor."""
    known = ~np.isnan(used)
    mean = np.square(np.nan_to_num(used)).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.where(known.any(axis=0), np.maximum(np.sqrt(mean), _LEAST_SCALE), 1.0)


def _precision(relative: Floats) -> Floats:
    covariance = relative.T @ relative / len(relative)
    shrunk = (1 - _SHRINKAGE) * covariance + _SHRINKAGE * np.eye(covariance.shape[0])
    return np.asarray(np.linalg.inv(shrunk))


def _distance(relative: Floats, precision: Floats) -> Floats:
    squares = np.einsum("ij,jk,ik->i", relative, precision, relative)
    return np.asarray(np.sqrt(np.maximum(squares, 0.0) / relative.shape[1]))


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
