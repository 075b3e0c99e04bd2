"""The scores of SDMetrics, by its own metrics, without its report.

Its quality report goes through pandas for each pair of columns: some two seconds for a machine with
22 sensors, and four times that for twice as many. Pearson correlations of all pairs are one
product of matrices. The figures are those of the report.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Matrix = NDArray[np.float64]

#: Only pairs that go together in the seed by more than this count: Pearson correlation of two
#: numbers, Cramér's V of a number and a label. As in SDMetrics' report.
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
        `quality_score`, its parts `column_shapes_score` and `column_pair_trends_score`, the shape's
        fidelity of each column as `column_shapes`, and `diagnostic_score`.
    """
    from sdmetrics.reports import DiagnosticReport
    from sdmetrics.single_column import KSComplement, TVComplement

    shapes = {name: float(KSComplement.compute(seed[name], train[name])) for name in numbers}
    shapes[label] = float(TVComplement.compute(seed[label], train[label]))
    trends = np.concatenate(
        [
            _correlations_alike(seed[numbers], train[numbers]),
            _shares_alike(seed, train, numbers, label),
        ]
    )
    columns = {name: {"sdtype": "numerical"} for name in numbers}
    columns[label] = {"sdtype": "categorical"}
    diagnostic = DiagnosticReport()
    diagnostic.generate(
        {"table": seed[list(columns)]},
        {"table": train[list(columns)]},
        {"tables": {"table": {"columns": columns}}},
        verbose=False,
    )
    parts = [_mean(list(shapes.values())), _mean(trends)]
    return {
        "quality_score": _or_zero(_mean(parts)),
        "column_shapes_score": _or_zero(parts[0]),
        "column_pair_trends_score": _or_zero(parts[1]),
        "diagnostic_score": _or_zero(diagnostic.get_score()),
        "column_shapes": {name: _or_zero(shape) for name, shape in shapes.items()},
    }


def correlations(frame: pd.DataFrame) -> Matrix:
    """Pearson, of all pairs of columns; NaN where one never changes."""
    rows = frame.to_numpy(float)
    # A constant is exactly zero then, not a rounding error that correlates with others.
    rows = rows - rows[0]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.corrcoef(rows, rowvar=False))


def _correlations_alike(seed: pd.DataFrame, train: pd.DataFrame) -> Matrix:
    """SDMetrics' CorrelationSimilarity of each pair; NaN of those that do not count."""
    pairs = np.triu_indices(seed.shape[1], 1)
    seen, made = (correlations(frame)[pairs] for frame in (seed, train))
    return np.where(np.abs(seen) > CORRELATED, 1.0 - np.abs(seen - made) / 2.0, np.nan)


def _shares_alike(
    seed: pd.DataFrame, train: pd.DataFrame, numbers: list[str], label: str
) -> list[float]:
    """SDMetrics' ContingencySimilarity of each number, in ten steps, with the label."""
    from sdmetrics.column_pairs import ContingencySimilarity

    def in_steps(frame: pd.DataFrame, name: str) -> pd.DataFrame:
        steps = np.digitize(frame[name], np.histogram_bin_edges(frame[name]))
        return frame[[label]].assign(**{name: steps})

    return [
        float(
            ContingencySimilarity.compute(
                in_steps(seed, name), in_steps(train, name), real_association_threshold=ASSOCIATED
            )
        )
        for name in numbers
    ]


def _mean(figures: list[float] | Matrix) -> float:
    """Of those that are figures."""
    there = np.asarray(figures)[np.isfinite(figures)]
    return float(there.mean()) if there.size else math.nan


def _or_zero(score: float) -> float:
    return float(score) if math.isfinite(score) else 0.0
