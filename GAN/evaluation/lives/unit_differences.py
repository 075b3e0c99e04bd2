"""Do units differ from each other as known units do: in sensors and life length together?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from GAN.datasets.run_to_failure import life_fraction
from GAN.profiles.profile import MachineProfile

if TYPE_CHECKING:
    import pandas as pd

Matrix = NDArray[np.float64]

#: A unit's level is its mean reading in the first tenth of its life.
NEW = 0.1
#: Correlations of fewer units are too uncertain.
FEWEST = 5
#: Random ways to divide all lives into two sides, and the share of them that may differ more.
DIVISIONS, CHANCE = 300, 0.01


def unit_difference_error(
    known: pd.DataFrame, sets: Iterable[pd.DataFrame], profile: MachineProfile
) -> float | None:
    """Error of the correlations between units' levels.

    Args:
        known: Known lives, or fresh ones of the same law.
        sets: The synthetic sets.
        profile: The machine.

    Returns:
        Mean absolute difference of the correlations of all pairs of levels and life length,
        relative to the difference that 1 of 100 divisions of the same lives into two sides exceeds.
        None if there are fewer than `FEWEST` units on a side, or fewer than two sensors.
    """
    names = [sensor.name for sensor in profile.sensors]
    sides = _levels(known, names), np.vstack([_levels(frame, names) for frame in sets])
    differs = np.all([np.ptp(side, axis=0) > 0.0 for side in sides], axis=0)
    if min(map(len, sides)) < FEWEST or differs.sum() < 2:
        return None
    levels = np.vstack([_standard(side[:, differs]) for side in sides])
    first = np.arange(len(levels)) < len(sides[0])
    rng = np.random.default_rng(0)
    places = [rng.permutation(len(levels)).argsort() for _ in range(DIVISIONS)]
    divided = [place < len(sides[0]) for place in places]
    error, *usual = _differences(levels, np.array([first, *divided]))
    return float(error / np.quantile(usual, 1.0 - CHANCE))


def _levels(frame: pd.DataFrame, names: list[str]) -> Matrix:
    """Mean readings of each new unit, and the hours that it lives; shape (units, sensors + 1)."""
    new = frame[life_fraction(frame) <= NEW]
    lives = (frame["cycle_hour"] + frame["rul_hours"]).groupby(frame["unit_id"]).first()
    return np.column_stack([new.groupby("unit_id")[names].mean(), lives[new["unit_id"].unique()]])


def _standard(levels: Matrix) -> Matrix:
    return np.asarray((levels - levels.mean(axis=0)) / levels.std(axis=0))


def _differences(levels: Matrix, first: NDArray[np.bool_]) -> Matrix:
    """Mean absolute difference of the correlations of two sides.

    Args:
        levels: Shape (units, levels).
        first: Ways to divide the units: which are on the first side, shape (ways, units).

    Returns:
        Shape (ways,).
    """
    rows, columns = np.triu_indices(levels.shape[1], 1)
    sides = [_correlations(levels, side, rows, columns) for side in (first, ~first)]
    return np.asarray(np.abs(sides[0] - sides[1]).mean(axis=1))


def _correlations(
    levels: Matrix,
    chosen: NDArray[np.bool_],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
) -> Matrix:
    """Correlations of pairs of levels among chosen units; 0 for levels that are all equal."""
    share = chosen / chosen.sum(axis=1, keepdims=True)
    means = share @ levels
    deviations = np.sqrt(np.maximum(share @ levels**2 - means**2, 0.0))
    covariance = share @ (levels[:, rows] * levels[:, columns]) - means[:, rows] * means[:, columns]
    scale = deviations[:, rows] * deviations[:, columns]
    return np.asarray(np.where(scale > 1e-12, covariance / np.maximum(scale, 1e-12), 0.0))
