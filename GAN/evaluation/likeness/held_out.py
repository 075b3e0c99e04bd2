"""Do validation and test set follow the law of the train set?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Matrix = NDArray[np.float64]

#: Rows of all sets that are compared.
ROWS = 10_000
#: Random ways to divide lives into two sets, and the share of them that may differ more.
DIVISIONS, CHANCE = 300, 0.01
#: From so many lives on, the train set alone shows how much sets differ by chance.
ENOUGH = 20


def held_out_error(sets: Mapping[str, pd.DataFrame], names: list[str]) -> float:
    """Difference of validation and test set from the train set.

    Args:
        sets: Readings of nominal units, by set.
        names: Names of the sensors.

    Returns:
        Mean absolute difference of the rank correlations of RUL and sensors, relative to the
        difference that 1 of 100 such divisions of the train set exceeds, or of all lives where it
        has few; the larger one of both sets.
    """
    import pandas as pd

    columns = ["rul_hours", *names]
    every = max(1, sum(map(len, sets.values())) // ROWS)
    thinned = {split: frame.iloc[::every] for split, frame in sets.items()}
    ranks = pd.concat(thinned.values())[columns].rank().to_numpy()
    ranks = (ranks - ranks.mean(axis=0)) / (ranks.std(axis=0) + 1e-12)
    ends = np.cumsum([len(frame) for frame in thinned.values()])
    moments = {
        split: _moments(ranks[end - len(frame) : end], frame["unit_id"].to_numpy())
        for (split, frame), end in zip(thinned.items(), ends, strict=True)
    }
    train = moments.pop("train")
    return max(_error(train, other) for other in moments.values())


def _moments(rows: Matrix, units: NDArray[np.integer]) -> Matrix:
    """Sums of products of the columns and a column of ones, by life; (lives, columns, columns)."""
    whole = np.column_stack([np.ones(len(rows)), rows])
    lives = np.split(whole, np.flatnonzero(np.diff(units)) + 1)
    return np.array([life.T @ life for life in lives])


def _error(train: Matrix, other: Matrix) -> float:
    # Lives of the other set would hide their own fault; with few lives there are no others.
    lives = train if len(train) >= ENOUGH else np.concatenate([train, other])
    count, rng = min(len(other), len(lives) // 2), np.random.default_rng(0)
    places = np.array([rng.permutation(len(lives)).argsort() for _ in range(DIVISIONS)])
    sums = np.tensordot((places < count).astype(float), lives, 1)
    usual = np.quantile(_differences(lives.sum(axis=0) - sums, sums), 1.0 - CHANCE)
    error = _differences(train.sum(axis=0), other.sum(axis=0))
    return float(error / max(float(usual), 1e-12))


def _differences(one: Matrix, other: Matrix) -> Matrix:
    """Mean absolute difference of the correlations of two sets; sums of moments, shape (..., n, n).

    Returns:
        Shape (...,).
    """
    found = [_correlations(moments) for moments in (one, other)]
    rows, columns = np.triu_indices(found[0].shape[-1], 1)
    return np.asarray(np.abs(found[0] - found[1])[..., rows, columns].mean(axis=-1))


def _correlations(moments: Matrix) -> Matrix:
    """Correlations of the columns; 0 for a constant one."""
    means = moments[..., 0, 1:] / moments[..., :1, 0]
    covariance = moments[..., 1:, 1:] / moments[..., :1, :1]
    covariance = covariance - means[..., :, None] * means[..., None, :]
    variance = np.diagonal(covariance, axis1=-2, axis2=-1)
    deviation = np.sqrt(np.maximum(variance, 1e-12))
    return np.asarray(covariance / (deviation[..., :, None] * deviation[..., None, :]))
