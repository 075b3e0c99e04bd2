"""What the columns of a table hold, and on which scale each is learnt."""

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

#: Quantiles that are kept of a column, and how many of the values at each end are kept as well: a
#: tail is not straight.
QUANTILES = 1_000
TAIL = 50
#: Rows from which a column's quantiles and scale are taken.
DESCRIBED_ROWS = 100_000
COMPARED_ROWS = 2_500
FEWEST_COMPARED = 100
#: A tied column is learnt by its quantiles anyway. So is one that jumps and has less noise than
#: this share of its spread, such as a set point: on the plain scale the network learns slowly what
#: is that sharp. A jump is a gap between two neighbouring percentiles, standard deviations.
LEAST_NOISE = 0.05
JUMP = 0.5


def describe(
    frame: pd.DataFrame, limits: Mapping[str, tuple[float, float]], rng: np.random.Generator
) -> tuple[Column, ...]:
    """What each column of a table holds, and on which scale it is learnt.

    Args:
        frame: The table.
        limits: Least and greatest possible value of columns; others stay in the range they have.
        rng: Chooses the rows that are looked at.
    """
    if len(frame) > DESCRIBED_ROWS:
        frame = frame.iloc[rng.choice(len(frame), DESCRIBED_ROWS, replace=False)]
    columns = tuple(_describe(frame[name], limits.get(str(name))) for name in frame)
    rows = rng.permutation(len(frame))[:COMPARED_ROWS]
    return _with_scales(frame.iloc[np.sort(rows)], columns, rng)


def _describe(column: pd.Series[Any], limits: tuple[float, float] | None) -> Column:
    name, dtype = str(column.name), str(column.dtype)
    if column.dtype.kind not in "fiu":
        levels = sorted(set(present_values(column)), key=lambda level: (level is None, str(level)))
        return Labels(name, dtype, tuple(levels))
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
    distinct, counts = np.unique(ascending, return_counts=True)
    if 2 * len(distinct) <= QUANTILES:
        up_to = np.cumsum(counts) / n
        return np.repeat(distinct, 2), np.column_stack([up_to - counts / n, up_to]).ravel()
    inner = np.linspace(0, n - 1, QUANTILES).astype(int)
    kept = np.unique(np.r_[0 : min(TAIL, n), inner, max(0, n - TAIL) : n])
    return ascending[kept], kept / (n - 1)


def _with_scales(
    frame: pd.DataFrame, columns: Sequence[Column], rng: np.random.Generator
) -> tuple[Column, ...]:
    """Learn a column by its z-score where that makes its noise the likelier under a normal law.

    What the other columns do not explain is taken for noise.
    """
    by_quantile, labels = to_channels(frame, columns, rng)
    plain = [_by_score(column, frame[column.name]) for column in columns]
    by_score, _ = to_channels(frame, plain, rng)
    explaining = np.hstack([np.ones((len(frame), 1)), *(block[:, 1:] for block in labels)])
    index = 0
    found: list[Column] = []
    for column, as_score in zip(columns, plain, strict=True):
        if column.width:
            others = [np.delete(scale, index, axis=1) for scale in (by_quantile, by_score)]
            features = np.hstack([explaining, *others, others[1] ** 2])
            scales = np.column_stack([by_score[:, index], by_quantile[:, index]])
            there = frame[column.name].notna().to_numpy()
            index += 1
            if _score_is_likelier(scales[there], features[there]):
                column = as_score
        found.append(column)
    return tuple(found)


def _by_score(column: Column, series: pd.Series[Any]) -> Column:
    if isinstance(column, Labels) or column.constant:
        return column
    return replace(column, plain=(float(series.mean()), float(series.std()) or 1.0))


def _score_is_likelier(scales: NDArray[Any], features: NDArray[Any]) -> bool:
    """Whether z-scores, (n, 0), are the likelier given the features than quantiles, (n, 1)."""
    n = len(scales)
    if n < FEWEST_COMPARED or len(np.unique(scales[:, 0])) < (1.0 - MOST_TIES) * n:
        return False
    gram = features.T @ features + 1e-6 * n * np.eye(features.shape[1])
    noise = scales - features @ np.linalg.solve(gram, features.T @ scales)
    if noise[:, 0].std() < LEAST_NOISE and _jumps(scales[:, 0]):
        return False
    of_score, of_quantile = -np.log(noise.std(axis=0))
    # A density on one scale becomes one on the other by the slope between them.
    slope = _log_density(scales[:, 0]) + 0.5 * scales[:, 1] ** 2 + 0.5 * np.log(2.0 * np.pi)
    return bool(of_score > of_quantile + slope.mean())


def _jumps(score: Vector) -> bool:
    return bool(np.diff(np.quantile(score, np.linspace(0.01, 0.99, 99))).max() > JUMP)


def _log_density(values: Vector) -> Vector:
    """Logarithm of the density at each value, from its neighbours in order."""
    n, reach = len(values), max(5, len(values) // 100)
    ascending = np.sort(values)
    at = np.clip(np.searchsorted(ascending, values), reach, n - 1 - reach)
    span = np.maximum(ascending[at + reach] - ascending[at - reach], 1e-12)
    return np.asarray(np.log(2.0 * reach / n / span))
