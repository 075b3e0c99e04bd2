"""Intervals for real units of a predictor that has learnt other lives too.

Lives that are simulated, or made from a few real ones, are more alike than real units are. Errors
on them are too small: 90 % intervals of real units covered 50 to 80 %. So the width of intervals is
set by real units that a predictor has not seen.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from GAN.prognosis.condition.sensors import Floats
from GAN.prognosis.evaluation import judged_rows
from GAN.prognosis.heads.error_distribution import HIGH, LOW, few_units_factor
from GAN.prognosis.predictor import Predictor

if TYPE_CHECKING:
    import pandas as pd


def unit_errors(predictor: Predictor, lives: pd.DataFrame) -> list[float]:
    """What 90 % of each unit's errors do not exceed, relative to the 90 % interval's width.

    Args:
        predictor: The predictor.
        lives: Whole lives that it has not seen; see `GAN.prognosis.evaluation.evaluate`.
    """
    rows = judged_rows(predictor, lives)
    error = np.abs(predictor.rul.relative_errors(rows.features, rows.rul, rows.age))
    error /= predictor.past.compare(rows.features)[1]
    quantiles = predictor.rul.errors.quantiles
    width = max(-quantiles[LOW], quantiles[HIGH])
    return [
        float(np.quantile(error[rows.units == unit], 0.9)) / width for unit in np.unique(rows.units)
    ]


def widening(errors: Floats | list[float]) -> float:
    """By how much intervals must be wider, 1 at least.

    Args:
        errors: `unit_errors` of two or more units.
    """
    return max(1.0, float(np.mean(errors)) * few_units_factor(len(errors)))


def widened(predictor: Predictor, factor: float) -> Predictor:
    """The predictor with intervals that are wider by a factor."""
    errors = predictor.rul.errors.widened(factor)
    return replace(predictor, rul=replace(predictor.rul, errors=errors))
