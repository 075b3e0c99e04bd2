"""Forecast of each wearing sensor, with quantiles, and the hours until its alarm value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from GAN.prognosis.condition.features import OF_EACH_SENSOR, Followed
from GAN.prognosis.condition.sensors import Floats, SensorArrays
from GAN.prognosis.heads.boosting import (
    boost,
    equal_unit_weights,
    predicted,
    unit_folds,
    weighted_quantiles,
)
from GAN.prognosis.heads.error_distribution import LEVELS, MEDIAN

if TYPE_CHECKING:
    import pandas as pd
    from lightgbm import Booster

#: How far ahead, as shares of the longest life.
HORIZONS: Floats = np.array([0.01, 0.025, 0.05, 0.1])
#: Rows of each horizon that are learnt.
_ROWS = 1_200
_FOLDS = 2
_SLOPE = OF_EACH_SENSOR.index("slope")


@dataclass(frozen=True)
class SensorForecast:
    """One booster for all wearing sensors and horizons, and the quantiles of its errors.

    It forecasts how much further a sensor will have gone on its way to failure.

    Attributes:
        errors: Quantiles at `LEVELS`, shape (horizons, wearing sensors, len(LEVELS)).
    """

    booster: Booster
    errors: Floats

    @classmethod
    def fit(
        cls, frame: pd.DataFrame, followed: Followed, rul: Floats, sensors: SensorArrays
    ) -> SensorForecast | None:
        """Learn from whole lives that were watched from new; None if there is nothing to learn.

        Args:
            frame: The lives, sorted by unit and hour.
            followed: Their rows.
            rul: Forecast RUL of these rows by a model that did not see their unit, hours.
            sensors: The sensors.
        """
        parts = [
            part
            for horizon in HORIZONS
            if (part := examples(frame, followed, rul, sensors, float(horizon))) is not None
        ]
        if not parts or not len(sensors.wearing):
            return None
        rows, target, units = (np.concatenate(each) for each in zip(*parts, strict=True))
        if not len(target):  # No wearing sensor has readings.
            return None
        weight, fold = equal_unit_weights(units), unit_folds(units, _FOLDS)
        unseen = np.empty(len(target))
        for number in range(fold.max() + 1):
            rest = fold != number
            if rest.any():
                booster = _boost(rows[rest], target[rest], weight[rest])
                unseen[~rest] = predicted(booster, rows[~rest])
            else:  # One unit alone.
                unseen[:] = 0.0
        error = target - unseen
        errors = np.zeros((len(HORIZONS), len(sensors.wearing), len(LEVELS)))
        for first, horizon in enumerate(HORIZONS):
            for second in range(len(sensors.wearing)):
                same = (rows[:, -2] == horizon) & (rows[:, -1] == second)
                if same.any():
                    found = weighted_quantiles(error[same], weight[same], LEVELS)
                    errors[first, second] = found
        return cls(_boost(rows, target, weight), errors)

    def used_ahead(self, rows: Floats, rul: Floats, sensors: SensorArrays) -> Floats:
        """Share of its way that each wearing sensor will have gone, at `LEVELS`.

        Args:
            rows: Features, shape (n, features).
            rul: Forecast RUL, hours, shape (n,).
            sensors: The sensors.

        Returns:
            Shape (n, horizons, wearing sensors, len(LEVELS)); NaN if a sensor has no reading.
        """
        wearing = sensors.wearing
        change = predicted(self.booster, _inputs(rows, rul, sensors, HORIZONS))
        by_sensor = change.reshape(len(HORIZONS), len(wearing), len(rows))
        middle = rows[:, None, wearing] + by_sensor.transpose(2, 0, 1)
        return np.asarray(middle[..., None] + self.errors)


def hours_to_alarm(used: Floats, ahead: Floats, baselines: Floats, sensors: SensorArrays) -> Floats:
    """Hours until each wearing sensor reaches its alarm value, in the median.

    Args:
        used: Share of its way that each wearing sensor has gone, shape (n, wearing sensors).
        ahead: See `SensorForecast.used_ahead`.
        baselines: Shape (n, sensors).
        sensors: The sensors.

    Returns:
        Shape (n, wearing sensors): 0 if it is beyond it, infinite if it does not reach it within
        the longest horizon, NaN if it has no reading.
    """
    wearing = sensors.wearing
    alarm = ((sensors.alarm - baselines) / sensors.way(baselines))[:, wearing]
    hours = np.append(0.0, HORIZONS) * sensors.longest_life
    path = np.concatenate([used[:, None, :], ahead[:, :, :, MEDIAN]], axis=1)
    over = path >= alarm[:, None, :]
    first = np.where(over.any(axis=1), over.argmax(axis=1), 0)
    before = np.maximum(first - 1, 0)
    at = np.take_along_axis(path, first[:, None, :], axis=1)[:, 0]
    prior = np.take_along_axis(path, before[:, None, :], axis=1)[:, 0]
    rise = np.where(at > prior, at - prior, 1.0)
    found = hours[before] + (alarm - prior) / rise * (hours[first] - hours[before])
    found = np.where(over.any(axis=1), np.where(first == 0, 0.0, found), np.inf)
    return np.where(np.isnan(used), np.nan, found)


def _boost(rows: Floats, target: Floats, weight: Floats) -> Booster:
    return boost(
        rows,
        target,
        weight,
        trees=60,
        objective="l1",
        num_leaves=15,
        learning_rate=0.08,
        feature_fraction=1.0,
    )


def examples(
    frame: pd.DataFrame, followed: Followed, rul: Floats, sensors: SensorArrays, horizon: float
) -> tuple[Floats, Floats, NDArray[np.intp]] | None:
    """Inputs, changes and units of the rows whose unit still works after the horizon."""
    units, hours = frame["unit_id"].to_numpy(), frame["cycle_hour"].to_numpy(np.float64)
    ids, first = np.unique(units, return_index=True)
    end = np.append(first[1:], len(frame))
    at = followed.positions
    unit = np.searchsorted(ids, units[at])
    age, ahead = hours[at], horizon * sensors.longest_life
    begun = age - followed.rows[:, -1]
    usable = (begun <= hours[first][unit]) & (age - begun > sensors.baseline_hours)
    usable &= age + ahead <= hours[end - 1][unit]
    chosen = np.flatnonzero(usable)
    if not len(chosen):
        return None
    chosen = np.random.default_rng(0).permutation(chosen)[:_ROWS]
    then = np.array(
        [
            first[k] + np.searchsorted(hours[first[k] : end[k]], hours[a] + ahead - 1e-6)
            for k, a in zip(unit[chosen], at[chosen], strict=True)
        ]
    )
    wearing, baselines = sensors.wearing, followed.baselines[chosen]
    names = [sensors.names[index] for index in wearing]
    reading = frame[names].to_numpy(np.float64)[then]
    used = (reading - baselines[:, wearing]) / sensors.way(baselines)[:, wearing]
    change = (used - followed.rows[chosen][:, wearing]).T.ravel()
    inputs = _inputs(followed.rows[chosen], rul[chosen], sensors, np.array([horizon]))
    known = ~np.isnan(change)
    return inputs[known], change[known], np.tile(units[at[chosen]], len(wearing))[known]


def _inputs(rows: Floats, rul: Floats, sensors: SensorArrays, horizons: Floats) -> Floats:
    """Rows of the booster by horizon, sensor and unit, shape (horizons * sensors * n, 7)."""
    wearing, n = sensors.wearing, len(rows)
    used, slope = rows[:, wearing].T, rows[:, _SLOPE * len(sensors.names) + wearing].T
    found = np.empty((len(horizons), len(wearing), n, 7))
    found[..., 0], found[..., 1] = used, slope
    found[..., 2], found[..., 3], found[..., 4] = rows[:, -5], rul, rows[:, -2]
    found[..., 5] = horizons[:, None, None]
    found[..., 6] = np.arange(len(wearing))[:, None]
    return found.reshape(-1, 7)
