"""The scores of SDMetrics' reports, computed faster.

The quality report uses pandas for each pair of columns: about two seconds for a machine with 22
sensors, and four times as long for twice as many. Here the Pearson correlations of all pairs are
one matrix product, and no distance of two distributions gets a p-value. The scores are the same as
those of the reports.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Matrix = NDArray[np.float64]

#: Only pairs with a stronger association in the seed count: Pearson correlation of two numbers,
#: Cramér's V of a number and a label. As in SDMetrics' report.
CORRELATED, ASSOCIATED = 0.5, 0.3


def scores(
    seed: pd.DataFrame, train: pd.DataFrame, numbers: list[str], label: str
) -> dict[str, Any]:
    """SDMetrics scores, each 0 to 1.

    Args:
        seed: The real rows.
        train: The synthetic rows.
        numbers: Columns of numbers.
        label: A column of names.

    Returns:
        `quality_score`, its parts `column_shapes_score` and `column_pair_trends_score`, the score
        of each column's distribution as `column_shapes`, and `diagnostic_score`.
    """
    from sdmetrics.single_column import TVComplement

    shapes = {name: ks_complement(seed[name], train[name]) for name in numbers}
    shapes[label] = float(TVComplement.compute(seed[label], train[label]))
    trends = np.concatenate(
        [
            _correlations_alike(seed[numbers], train[numbers]),
            _shares_alike(seed, train, numbers, label),
        ]
    )
    valid = [
        float(train[name].between(seed[name].min(), seed[name].max()).mean()) for name in numbers
    ]
    valid.append(float(train[label].isin(seed[label]).mean()))
    parts = [_mean(list(shapes.values())), _mean(trends)]
    return {
        "quality_score": _or_zero(_mean(parts)),
        "column_shapes_score": _or_zero(parts[0]),
        "column_pair_trends_score": _or_zero(parts[1]),
        # Mean of validity and structure; the structure, columns and their types, is right.
        "diagnostic_score": (_mean(valid) + 1.0) / 2.0,
        "column_shapes": {name: _or_zero(shape) for name, shape in shapes.items()},
    }


def ks_complement(one: pd.Series[float], other: pd.Series[float]) -> float:
    """1 - Kolmogorov-Smirnov distance of two columns of finite numbers."""
    sides = [np.sort(column.to_numpy(float)) for column in (one, other)]
    at = np.concatenate(sides)
    shares = [np.searchsorted(side, at, side="right") / len(side) for side in sides]
    return 1.0 - float(np.abs(shares[0] - shares[1]).max())


def correlations(frame: pd.DataFrame) -> Matrix:
    """Pearson correlations of all pairs of columns; NaN where a column is constant."""
    rows = frame.to_numpy(float)
    # So a constant column is exactly zero, not a rounding error that correlates with others.
    rows = rows - rows[0]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.corrcoef(rows, rowvar=False))


def _correlations_alike(seed: pd.DataFrame, train: pd.DataFrame) -> Matrix:
    """SDMetrics' CorrelationSimilarity of each pair; NaN for pairs that do not count."""
    pairs = np.triu_indices(seed.shape[1], 1)
    seen, made = (correlations(frame)[pairs] for frame in (seed, train))
    return np.where(np.abs(seen) > CORRELATED, 1.0 - np.abs(seen - made) / 2.0, np.nan)


def _shares_alike(
    seed: pd.DataFrame, train: pd.DataFrame, numbers: list[str], label: str
) -> list[float]:
    """SDMetrics' ContingencySimilarity of each number, in ten bins, with the label."""
    from scipy.stats.contingency import association

    labels = sorted(set(seed[label]) | set(train[label]))
    sides = [(frame, np.searchsorted(labels, frame[label])) for frame in (seed, train)]
    found = []
    for name in numbers:
        seen, made = (_counts(frame[name].to_numpy(), codes, len(labels)) for frame, codes in sides)
        there = seen[seen.any(axis=1)][:, seen.any(axis=0)]
        if min(there.shape) < 2 or association(there, method="cramer") <= ASSOCIATED:
            found.append(math.nan)
        else:
            found.append(1.0 - float(np.abs(seen / seen.sum() - made / made.sum()).sum()) / 2.0)
    return found


def _counts(values: Matrix, codes: NDArray[np.intp], labels: int) -> NDArray[np.intp]:
    """Rows in each of ten bins of a number with each label, shape (bins and both ends, labels)."""
    steps = np.digitize(values, np.histogram_bin_edges(values))
    return np.bincount(steps * labels + codes, minlength=12 * labels).reshape(12, labels)


def _mean(scores: list[float] | Matrix) -> float:
    """Mean of the finite scores."""
    finite = np.asarray(scores)[np.isfinite(scores)]
    return float(finite.mean()) if finite.size else math.nan


def _or_zero(score: float) -> float:
    return float(score) if math.isfinite(score) else 0.0
