"""Learners of RUL, with settings that were written down before any side was measured.

Each forecasts the RUL of the cuts of a draw, hours, shape (cuts,).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from benchmarks.worth.draws import Draw
from benchmarks.worth.windows import Windows, window_features
from GAN.prognosis.condition.sensors import Floats
from GAN.prognosis.heads.boosting import equal_unit_weights
from GAN.prognosis.heads.error_distribution import MEDIAN
from GAN.prognosis.predictor import Predictor

#: LightGBM's settings; no side, set or number of known units has others.
BOOSTING: dict[str, Any] = {
    "objective": "l2",
    "n_estimators": 200,
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_child_samples": 20,
    "subsample": 0.8,
    "subsample_freq": 1,
    "colsample_bytree": 0.5,
    "max_bin": 63,
    "random_state": 0,
    "n_jobs": 1,
    "deterministic": True,
    "force_col_wise": True,
    "verbose": -1,
}
#: At most about so many rows are learnt, evenly spread.
LEARNT_ROWS = 12_000


def by_age(draw: Draw) -> Floats:
    """The mean RUL of the known units that lived longer than the age; 0 if none did."""
    lives = draw.known.lengths
    age = draw.unseen["cycle_hour"].to_numpy(np.float64)[draw.cuts]
    left = np.minimum(lives - age[:, None], draw.cap)
    alive = left > 0
    return np.asarray((left * alive).sum(axis=1) / np.maximum(alive.sum(axis=1), 1))


def boosting(lives: pd.DataFrame, draw: Draw) -> Floats:
    """Gradient boosted trees on window features; the target is capped."""
    import lightgbm

    windows = Windows.of_life(draw.known.mean_life)
    learnt = np.arange(0, len(lives), max(1, round(len(lives) / LEARNT_ROWS)))
    rul = lives["rul_hours"].to_numpy(np.float64)[learnt]
    weight = equal_unit_weights(lives["unit_id"].to_numpy()[learnt])
    model = lightgbm.LGBMRegressor(**BOOSTING)
    rows = window_features(lives, learnt, windows)
    model.fit(rows, np.minimum(rul, draw.cap), sample_weight=weight)
    return np.asarray(model.predict(window_features(draw.unseen, draw.cuts, windows)))


def rul_head(lives: pd.DataFrame, draw: Draw) -> Floats:
    """The product's predictor with its defaults: the median of its RUL head.

    Raises:
        InvalidInput: No profile fits the known units.
    """
    known = draw.known
    predictor = Predictor.fit(known.profile, lives, known.step, sensor_forecast=False)
    kept = np.zeros(len(draw.unseen), dtype=np.bool_)
    kept[draw.cuts] = True
    followed = predictor.follow(draw.unseen, kept)
    age = draw.unseen["cycle_hour"].to_numpy(np.float64)[followed.positions]
    _, widened, _ = predictor.past.compare(followed.rows)
    rul = predictor.rul.quantiles(followed.rows, age, widened)[:, MEDIAN]
    return np.asarray(rul[np.searchsorted(followed.positions, draw.cuts)])


def errors(forecast: Floats, draw: Draw) -> dict[str, float]:
    """RMSE and mean absolute error, RUL capped, in per cent of the set's mean life."""
    rul = draw.unseen["rul_hours"].to_numpy(np.float64)[draw.cuts]
    late = np.clip(forecast, 0.0, draw.cap) - np.minimum(rul, draw.cap)
    share = 100.0 * late / draw.mean_life
    return {"rmse": float(np.sqrt(np.mean(np.square(share)))), "mae": float(np.mean(np.abs(share)))}
