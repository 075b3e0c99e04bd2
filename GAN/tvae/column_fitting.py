"""Describe the columns of a table and choose the scale of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from GAN.tvae.columns import (
    MOST_TIES,
    Column,
    Labels,
    Numbers,
    Vector,
    present_values,
    to_channels,
)

if TYPE_CHECKING:
    import pandas as pd

#: Quantiles that are stored of a column, and values at each end that are stored as well, because
#: tails are not straight.
QUANTILES = 1_000
TAIL = 50
#: Rows from which a column's quantiles and scale are estimated.
DESCRIBED_ROWS = 100_000
COMPARED_ROWS = 2_500
FEWEST_COMPARED = 100
#: Tied columns always use quantiles. So do columns that jump and have less noise than this share
#: of their spread, such as set points: the network learns sharp steps slowly on the z-score scale.
#: A jump is a gap between neighbouring percentiles, in standard deviations.
LEAST_NOISE = 0.05
JUMP = 0.5


def describe(
    frame: pd.DataFrame, limits: Mapping[str, tuple[float, float]], rng: np.random.Generator
) -> tuple[Column, ...]:
    """Describe each column of a table.

    Args:
        frame: The table.
        limits: Smallest and largest possible value by column; others stay within their range in
            the table.
        rng: Chooses the rows that are used.
    """
    if len(frame) > DESCRIBED_ROWS:
        frame = frame.iloc[rng.choice(len(frame), DESCRIBED_ROWS, replace=False)]
    columns = tuple(_describe(frame[name], limits.get(str(name))) for name in frame)
    rows = rng.permutation(len(frame))[:COMPARED_ROWS]
    return _with_scales(frame.iloc[np.sort(rows)], columns, rng)


def _describe(column: pd.Series[Any], limits: tuple[float, float] | None) -> Column:
    name, dtype = str(column.name), str(column.dtype)
    if column.dtype.kind not in "fiu":
        found = sorted(set(present_values(column)), key=lambda each: (each is None, str(each)))
        return Labels(name, dtype, tuple(found))
    present = np.sort(column.dropna().to_numpy(np.float64))
    if not len(present):
        present = np.zeros(1)
    values, shares = _quantiles(present)
    low, high = limits or (float(present[0]), float(present[-1]))
    return Numbers(
        name=name,
        dtype=dtype,
        whole=bool((present == np.round(present)).all()),
        gaps=bool(column.isna().any()),
        values=values,
        shares=shares,
        low=low,
        high=high,
    )


def _quantiles(ascending: Vector) -> tuple[Vector, Vector]:
    """Knots of the empirical distribution function; exact where there are few distinct values."""
    n = len(ascending)
    ends = np.append(np.flatnonzero(np.diff(ascending)) + 1, n)
    if 2 * len(ends) <= QUANTILES:
        up_to = np.column_stack([np.append(0, ends[:-1]), ends]).ravel() / n
        return np.repeat(ascending[ends - 1], 2), up_to
    inner = np.linspace(0, n - 1, QUANTILES).astype(int)
    kept = np.unique(np.r_[0 : min(TAIL, n), inner, max(0, n - TAIL) : n])
    return ascending[kept], kept / (n - 1)


def _with_scales(
    frame: pd.DataFrame, columns: Sequence[Column], rng: np.random.Generator
) -> tuple[Column, ...]:
    """Use the z-score for columns whose noise is more likely normal on that scale.

    The noise of a column is its residual after a regression on the other columns.
    """
    by_quantile, labels = to_channels(frame, columns, rng)
    scored = [_by_score(column, frame[column.name]) for column in columns]
    by_score, _ = to_channels(frame, scored, rng)
    explaining: list[NDArray[Any]] = [np.ones((len(frame), 1)), *(block[:, 1:] for block in labels)]
    features: NDArray[Any] = np.hstack([by_score, by_quantile, by_score**2, *explaining])
    varying = iter(range(by_score.shape[1]))
    found: list[Column] = []
    for column, as_score in zip(columns, scored, strict=True):
        if column.width:
            there = frame[column.name].notna().to_numpy()
            if _score_is_likelier(features[there], next(varying), by_score.shape[1]):
                column = as_score
        found.append(column)
    return tuple(found)


def _by_score(column: Column, series: pd.Series[Any]) -> Column:
    if isinstance(column, Labels) or column.constant:
        return column
    with np.errstate(over="ignore", invalid="ignore"):
        mean, deviation = float(series.mean()), float(series.std())
    if not np.isfinite([mean, deviation]).all():  # The squares of its values are too large.
        return column
    return replace(column, z_score=(mean, deviation or 1.0))


def _score_is_likelier(features: NDArray[Any], index: int, channels: int) -> bool:
    """Whether a column has a higher likelihood given the others as z-scores than as quantiles.

    Args:
        features: The z-scores of all channels, their quantiles, squares of the z-scores, and
            further regressors, shape (n, 3 * channels and more).
        index: The column's channel.
        channels: Number of channels.
    """
    own = [index, channels + index]
    scales = features[:, own]
    n = len(scales)
    if n < FEWEST_COMPARED or len(np.unique(scales[:, 0])) < (1.0 - MOST_TIES) * n:
        return False
    noise = scales - _explained(features, own, [*own, 2 * channels + index])
    if noise[:, 0].std() < LEAST_NOISE and _jumps(scales[:, 0]):
        return False
    of_score, of_quantile = -np.log(noise.std(axis=0))
    # Change of variables: the slope between the two scales converts the density.
    slope = _log_density(scales[:, 0]) + 0.5 * scales[:, 1] ** 2 + 0.5 * np.log(2.0 * np.pi)
    return bool(of_score > of_quantile + slope.mean())


def _explained(features: NDArray[Any], wanted: list[int], left_out: list[int]) -> NDArray[Any]:
    """Least-squares predictions of some features from all features that are not left out."""
    n, count = features.shape
    gram = features.T @ features
    kept = np.delete(np.arange(count), left_out)
    ridge = 1e-6 * n * np.eye(len(kept))
    weights = np.zeros((count, len(wanted)))
    weights[kept] = np.linalg.solve(gram[kept][:, kept] + ridge, gram[kept][:, wanted])
    return np.asarray(features @ weights)


def _jumps(score: Vector) -> bool:
    return bool(np.diff(np.quantile(score, np.linspace(0.01, 0.99, 99))).max() > JUMP)


def _log_density(values: Vector) -> Vector:
    """Logarithm of the density at each value, estimated from neighbouring order statistics."""
    n, reach = len(values), max(5, len(values) // 100)
    ascending = np.sort(values)
    at = np.clip(np.searchsorted(ascending, values), reach, n - 1 - reach)
    span = np.maximum(ascending[at + reach] - ascending[at - reach], 1e-12)
    return np.asarray(np.log(2.0 * reach / n / span))
