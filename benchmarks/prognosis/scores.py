"""Metrics of forecasts that are given as three quantiles; every unit counts the same."""

from __future__ import annotations

import numpy as np

from benchmarks.prognosis.alternatives import LEVELS
from benchmarks.prognosis.asked import Asked
from GAN.prognosis.condition.sensors import Floats
from GAN.prognosis.heads.boosting import equal_unit_weights

#: The last part of life counts as late.
LATE = 0.3


def interval_scores(quantiles: Floats, asked: Asked) -> dict[str, float]:
    """Metrics of 5 %, 50 % and 95 % quantiles of RUL, hours, shape (n, 3).

    Returns:
        `mae`, `width` and `pinball` in hours, `coverage` of the 90 % interval; the same of the last
        30 % of life as `late_mae` and `late_coverage`.
    """
    rul, age, units = asked.rul, asked.age, asked.units
    weight, late = equal_unit_weights(units), rul < LATE * (rul + age)
    error = np.abs(quantiles[:, 1] - rul)
    inside = ((rul >= quantiles[:, 0]) & (rul <= quantiles[:, 2])).astype(float)
    short = rul[:, None] - quantiles
    pinball = np.maximum(LEVELS * short, (LEVELS - 1.0) * short).mean(axis=1)
    return {
        "mae": float(np.average(error, weights=weight)),
        "late_mae": float(np.average(error[late], weights=weight[late])),
        "coverage": float(np.average(inside, weights=weight)),
        "late_coverage": float(np.average(inside[late], weights=weight[late])),
        "width": float(np.average(quantiles[:, 2] - quantiles[:, 0], weights=weight)),
        "pinball": float(np.average(pinball, weights=weight)),
    }
