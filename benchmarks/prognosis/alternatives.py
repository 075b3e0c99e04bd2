"""Simple alternatives to a predictor's RUL, each with a 90 % interval.

Every function returns the 5 %, 50 % and 95 % quantiles of the rows that are asked, shape (n, 3).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from GAN.prognosis.condition.sensors import Floats
from GAN.prognosis.heads.boosting import equal_unit_weights, unit_folds, weighted_quantiles
from GAN.prognosis.heads.error_distribution import HIGH, LOW, MEDIAN
from GAN.prognosis.lifetime_prior import remaining

LEVELS: Floats = np.array([0.05, 0.5, 0.95])

_FOLDS = 5
#: Windows of the forecast in which errors are pooled, and how many windows a row's errors count in.
_WINDOWS, _OVERLAP = 12, 2
_WINDOW_ROWS = 30


def by_age(lives: Floats, age: Floats) -> Floats:
    """The distribution of lifetimes, given the age.

    Args:
        lives: Known lengths of lives, hours.
        age: Hours in service, shape (n,).
    """
    ages, index = np.unique(age, return_inverse=True)
    all_levels = np.stack([remaining(np.sort(lives), float(each)) for each in ages])
    return np.asarray(all_levels[:, [LOW, MEDIAN, HIGH]][index])


def window_features(frame: pd.DataFrame, sensors: list[str]) -> Floats:
    """What gradient boosting usually gets: statistics of a moving window and the age.

    Args:
        frame: Lives, sorted by unit and hour: unit_id, cycle_hour and the sensors.
        sensors: Names of the sensors.

    Returns:
        Reading, mean, standard deviation and slope of the last 30 rows, mean less that of the first
        five rows, each by sensor, and the age, shape (n, 5 * sensors + 1).
    """
    found = []
    for _, life in frame.groupby("unit_id", sort=False):
        readings = life[sensors].to_numpy(np.float64)
        rolling = pd.DataFrame(readings).rolling(_WINDOW_ROWS, min_periods=1)
        mean, spread = rolling.mean().to_numpy(), rolling.std().fillna(0.0).to_numpy()
        order = pd.DataFrame(readings).reset_index()
        slope = order.rolling(_WINDOW_ROWS, min_periods=2).cov(order["index"], ddof=1)
        variance = order["index"].rolling(_WINDOW_ROWS, min_periods=2).var()
        by_row = slope.drop(columns="index").div(variance, axis=0).fillna(0.0).to_numpy()
        since = mean - readings[:5].mean(axis=0)
        age = life[["cycle_hour"]].to_numpy(np.float64)
        found.append(np.hstack([readings, mean, spread, by_row, since, age]))
    return np.vstack(found)


def conformal_quantiles(
    rows: Floats, rul: Floats, units: NDArray[Any], asked: Floats, seed: int = 0
) -> Floats:
    """Boosted quantile regression, widened until it covers units that it has not seen.

    Source: Romano, Patterson and Candès, "Conformalized quantile regression", NeurIPS 2019, with
    folds by unit instead of one held-out set.

    Args:
        rows: Features to learn from, shape (k, features).
        rul: Hours, shape (k,).
        units: Unit of each row, shape (k,).
        asked: Features of the asked rows, shape (n, features).
        seed: Random seed of the trees.
    """
    import lightgbm

    weight, fold = equal_unit_weights(units), unit_folds(units, _FOLDS)
    unseen, found = np.empty((len(rul), 3)), np.empty((len(asked), 3))

    def fitted(level: float, known: NDArray[np.bool_]) -> Any:
        model = lightgbm.LGBMRegressor(
            objective="quantile",
            alpha=level,
            n_estimators=200,
            learning_rate=0.06,
            num_leaves=31,
            min_child_samples=40,
            subsample=0.8,
            subsample_freq=1,
            colsample_bytree=0.5,
            max_bin=63,
            n_jobs=1,
            random_state=seed,
            verbose=-1,
        )
        return model.fit(rows[known], rul[known], sample_weight=weight[known])

    for column, level in enumerate(LEVELS):
        for number in range(fold.max() + 1):
            left_out = fold == number
            model = fitted(float(level), ~left_out)
            unseen[left_out, column] = model.predict(rows[left_out])
        found[:, column] = fitted(float(level), np.ones(len(rul), bool)).predict(asked)
    count = len(np.unique(units))
    short = np.maximum(unseen[:, 0] - rul, rul - unseen[:, 2])
    share = np.array([min(0.9 * (1 + 1 / count), 1.0)])
    widened = found + weighted_quantiles(short, weight, share) * np.array([-1.0, 0.0, 1.0])
    return np.sort(np.maximum(widened, 0.0), axis=1)


def one_booster(rows: Floats, rul: Floats, units: NDArray[Any], asked: Floats) -> Floats:
    """One booster of relative error, with its errors pooled by size of the forecast.

    Arguments are those of `conformal_quantiles`.
    """
    from GAN.prognosis.heads.boosting import boost, predicted

    longest = float(rul.max())
    weight = equal_unit_weights(units) / np.square(rul + 0.05 * longest)
    weight /= weight.mean()

    def fitted(known: NDArray[np.bool_]) -> Any:
        settings = {"objective": "l2", "num_leaves": 15, "learning_rate": 0.06}
        return boost(rows[known], rul[known], weight[known], 120, **settings)

    fold, unseen = unit_folds(units, 4), np.empty(len(rul))
    for number in range(fold.max() + 1):
        left_out = fold == number
        unseen[left_out] = predicted(fitted(~left_out), rows[left_out])
    forecast = predicted(fitted(np.ones(len(rul), bool)), asked)
    return with_errors_by_size(unseen, rul, units, forecast)


def with_errors_by_size(
    known: Floats, rul: Floats, units: NDArray[Any], forecast: Floats
) -> Floats:
    """Forecasts with the distribution of the errors that were made of forecasts of this size.

    Args:
        known: Forecasts of known rows, hours, shape (k,).
        rul: What was right, hours, shape (k,).
        units: Unit of each known row, shape (k,).
        forecast: Forecasts of the asked rows, hours, shape (n,).
    """
    weight, error = equal_unit_weights(units), rul - known
    order = np.argsort(known, kind="stable")
    ends = np.linspace(0, len(order), _WINDOWS + 1).astype(int)
    centres, quantiles = [], []
    for window in range(_WINDOWS - _OVERLAP + 1):
        part = order[ends[window] : ends[window + _OVERLAP]]
        centres.append(float(np.average(known[part], weights=weight[part])))
        quantiles.append(weighted_quantiles(error[part], weight[part], LEVELS))
    table = np.array(quantiles)
    offsets = [np.interp(forecast, centres, table[:, column]) for column in range(3)]
    return np.sort(np.maximum(forecast[:, None] + np.column_stack(offsets), 0.0), axis=1)
