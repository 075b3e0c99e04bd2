"""Errors of the sensor forecast, compared with the newest value and with drift."""

from __future__ import annotations

import numpy as np
import pandas as pd

from GAN.prognosis.condition.features import follow, thinned
from GAN.prognosis.heads.boosting import equal_unit_weights, predicted
from GAN.prognosis.heads.error_distribution import HIGH, LOW, MEDIAN
from GAN.prognosis.heads.sensor_forecast import HORIZONS, examples
from GAN.prognosis.predictor import Predictor

#: Rows of a life are thinned to this many.
_ROWS = 100


def outlook_errors(predictor: Predictor, lives: pd.DataFrame) -> list[dict[str, float]]:
    """The mean absolute error at each horizon, relative to that of the newest (smoothed) value.

    Args:
        predictor: The predictor, with wearing sensors.
        lives: Whole lives that it has not seen.

    Returns:
        `forecast` and `drift` (the recent slope goes on), both relative, and `coverage` of the
        forecast's 90 % interval, for each of `HORIZONS`.
    """
    forecast = predictor.forecast
    assert forecast is not None
    frame = lives.sort_values(["unit_id", "cycle_hour"], kind="stable").reset_index(drop=True)
    frame = predictor.regimes.of_frame(frame, predictor.sensors.names)
    every = max(1, len(frame) // frame["unit_id"].nunique() // _ROWS)
    kept = thinned(frame, every)
    followed = follow(frame, predictor.sensors, kept, lively=predictor.lively)
    age = frame["cycle_hour"].to_numpy(np.float64)[followed.positions]
    rul = predictor.rul.quantiles(followed.rows, age)[:, MEDIAN]
    found = []
    for number, horizon in enumerate(HORIZONS):
        case = examples(frame, followed, rul, predictor.sensors, float(horizon))
        assert case is not None
        rows, change, units = case
        weight, sensor = equal_unit_weights(units), rows[:, -1].astype(int)
        error = change - predicted(forecast.booster, rows)
        limits = forecast.errors[number, sensor]
        inside = (error >= limits[:, LOW]) & (error <= limits[:, HIGH])
        slope = rows[:, 1]
        last = float(np.average(np.abs(change), weights=weight))
        found.append(
            {
                "forecast": float(np.average(np.abs(error), weights=weight)) / last,
                "drift": float(np.average(np.abs(change - slope * horizon), weights=weight)) / last,
                "coverage": float(np.average(inside, weights=weight)),
            }
        )
    return found
