"""Gradient boosted trees (LightGBM), repeatable and with one thread."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from GAN.prognosis.condition.sensors import Floats

if TYPE_CHECKING:
    from lightgbm import Booster

#: Values of a feature are put in this many bins.
_BINS = 63

_SETTINGS: dict[str, Any] = {
    "verbosity": -1,
    "num_threads": 1,
    "deterministic": True,
    "force_col_wise": True,
    "seed": 0,
    "max_bin": _BINS,
    "min_data_in_leaf": 20,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
}


def boost(
    rows: Floats, target: NDArray[Any], weight: Floats, trees: int, **settings: Any
) -> Booster:
    """Fit trees to one target; arguments are those of `boost_each`."""
    return boost_each(rows, (target,), weight, trees, **settings)[0]


def boost_each(
    rows: Floats, targets: Iterable[NDArray[Any]], weight: Floats, trees: int, **settings: Any
) -> list[Booster]:
    """Fit trees to each target; the rows are sorted into bins once.

    Args:
        rows: Features, shape (n, features); NaN is missing.
        targets: Each of shape (n,).
        weight: Shape (n,).
        trees: Number of trees.
        settings: LightGBM parameters that differ from ours.
    """
    import lightgbm

    parameters = {**_SETTINGS, **settings}
    data = lightgbm.Dataset(rows, weight=weight, params=parameters)
    return [lightgbm.train(parameters, data.set_label(target), trees) for target in targets]


def predicted(booster: Booster, rows: Floats) -> Floats:
    """The forecast of each row, shape (n,), or (n, classes)."""
    return np.asarray(booster.predict(rows, num_threads=1), dtype=np.float64)


def contributions(booster: Booster, rows: Floats) -> Floats:
    """TreeSHAP values, shape (n, features + 1); the last column is the expected forecast.

    Source: Lundberg et al., "From local explanations to global understanding with explainable AI
    for trees", Nature Machine Intelligence 2 (2020).
    """
    found = booster.predict(rows, num_threads=1, pred_contrib=True)
    return np.asarray(found, dtype=np.float64)


def equal_unit_weights(units: NDArray[Any]) -> Floats:
    """Weights with which every unit counts the same, of mean 1, shape (rows,)."""
    _, index, rows = np.unique(units, return_inverse=True, return_counts=True)
    weight = 1.0 / rows[index]
    return np.asarray(weight / weight.mean())


def unit_folds(units: NDArray[Any], folds: int) -> NDArray[np.intp]:
    """The fold of each row, so that the rows of a unit are in one fold, shape (rows,)."""
    ids = np.unique(units)
    fold = np.random.default_rng(0).permutation(len(ids)) % min(folds, len(ids))
    return np.asarray(fold[np.searchsorted(ids, units)], dtype=np.intp)


def weighted_quantiles(values: Floats, weights: Floats, levels: Floats) -> Floats:
    """Quantiles of weighted values, shape (levels,)."""
    order = np.argsort(values, kind="stable")
    share = (np.cumsum(weights[order]) - 0.5 * weights[order]) / weights.sum()
    return np.interp(levels, share, values[order])
