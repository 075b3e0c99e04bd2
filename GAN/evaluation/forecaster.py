"""RUL forecasts from what a unit has shown so far: the learner with which sets are judged.

A single row does not show a trend, so a forecaster sees each sensor's recent level, how it differs
from the level of a longer time, and how far it has moved since the unit was new. All windows are in
hours, so that tables of different time steps have the same features.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from GAN.datasets.run_to_failure import time_step_of
from GAN.profiles.profile import MachineProfile

if TYPE_CHECKING:
    import pandas as pd

Matrix = NDArray[np.float64]

#: Averaging times as shares of the longest life, and rows of the longest life that are learnt.
SHORT, LONG, ROWS = 1 / 50, 1 / 8, 100
#: About the most rows of a table of many lives; more take longer and hardly improve the forecasts.
MOST_ROWS = 3_000
#: More bins of a feature's histogram, or bins made from more rows, take longer and do not improve
#: the forecasts.
TREES = 60
SETTINGS: Mapping[str, Any] = {
    "objective": "regression",
    "num_leaves": 15,
    "max_bin": 63,
    "bin_construct_sample_cnt": 1_000,
    "seed": 0,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}


class Windows(NamedTuple):
    """Rows of lives with the features of a forecaster.

    Attributes:
        features: Shape (rows, 3 × sensors + 1).
        rul: Hours, shape (rows,).
        units: Unit of each row, shape (rows,).
    """

    features: Matrix
    rul: Matrix
    units: NDArray[np.integer]

    def of(self, rows: NDArray[np.bool_]) -> Self:
        """Some of the rows."""
        return self._replace(
            features=self.features[rows], rul=self.rul[rows], units=self.units[rows]
        )


def windows_of(frame: pd.DataFrame, profile: MachineProfile) -> Windows:
    """The features of evenly spaced rows of whole lives."""
    names = [sensor.name for sensor in profile.sensors]
    readings, hours, rul, units = (
        frame[columns].to_numpy() for columns in (names, "cycle_hour", "rul_hours", "unit_id")
    )
    step, longest = time_step_of(frame), profile.life.max_rul_hours
    every = max(1, round(longest / ROWS / step), len(frame) // MOST_ROWS)
    starts = np.flatnonzero(np.diff(units, prepend=units[0] - 1))
    kept, features = [], []
    for start, end in zip(starts, [*starts[1:], len(units)], strict=True):
        rows = np.arange(end - start - 1, -1, -every)
        kept.append(start + rows)
        features.append(_features(readings[start:end], longest / step)[rows])
    index = np.concatenate(kept)
    with_age = np.column_stack([np.concatenate(features), hours[index]])
    return Windows(with_age, rul[index], units[index])


def _features(readings: Matrix, longest: float) -> Matrix:
    """Shape (rows, 3 × sensors); `longest` is the longest life in rows."""
    recent, usual = (_running_mean(readings, longest * share) for share in (SHORT, LONG))
    new = recent[np.minimum(np.arange(len(readings)), int(longest * SHORT))]
    return np.hstack([recent, recent - usual, recent - new])


def _running_mean(readings: Matrix, rows: float) -> Matrix:
    """Exponentially weighted mean of the readings so far."""
    from scipy.signal import lfilter

    share = 1.0 / max(rows, 1.0)
    weight = lfilter([share], [1.0, share - 1.0], np.ones(len(readings)))
    total = lfilter([share], [1.0, share - 1.0], readings, axis=0)
    return np.asarray(total / weight[:, None])


class Forecaster:
    """Gradient-boosted trees that forecast RUL up to a limit.

    Until shortly before the end, lives show little: an error there would only measure how much the
    lives differ in length. A limit is usual since Heimes, Recurrent Neural Networks for Remaining
    Useful Life Estimation, PHM 2008.

    Args:
        known: What it learns from.
        most_hours: The limit; a larger RUL counts as this.
    """

    def __init__(self, known: list[Windows], most_hours: float) -> None:
        import lightgbm

        self._most = most_hours
        settings = dict(SETTINGS)
        features = np.vstack([part.features for part in known])
        rul = np.minimum(np.concatenate([part.rul for part in known]), most_hours)
        self._trees = lightgbm.train(
            settings, lightgbm.Dataset(features, rul, params=settings), TREES
        )

    def squared_errors(self, asked: Windows) -> Matrix:
        """Mean squared error of each unit, h², shape (units,)."""
        forecast = self._trees.predict(asked.features, num_threads=1)
        error = np.square(forecast - np.minimum(asked.rul, self._most))
        _, unit = np.unique(asked.units, return_inverse=True)
        return np.asarray(np.bincount(unit, error) / np.bincount(unit))
