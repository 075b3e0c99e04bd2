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
    divided = []
    for _ in range(DIVISIONS):
        order = rng.permutation(len(lives))
        divided.append(_difference(lives[order[count:]], lives[order[:count]]))
    usual = float(np.quantile(divided, 1.0 - CHANCE))
    return _difference(train, other) / max(usual, 1e-12)


def _difference(one: Matrix, other: Matrix) -> float:
    """Mean absolute difference of the correlations of two sets of lives."""
    found = [_correlations(lives.sum(axis=0)) for lives in (one, other)]
    return float(np.abs(found[0] - found[1])[np.triu_indices(len(found[0]), 1)].mean())


def _correlations(moments: Matrix) -> Matrix:
    """Correlations of the columns; 0 for a constant one."""
    count, sums = moments[0, 0], moments[0, 1:]
    covariance = moments[1:, 1:] / count - np.outer(sums, sums) / count**2
    deviation = np.sqrt(np.maximum(np.diag(covariance), 1e-12))
    return np.asarray(covariance / np.outer(deviation, deviation))
