"""A table as the network sees it: a matrix of channels, and the way back.

A column of numbers is one channel, on the scale on which its noise is nearest to a normal law:
the plain z-score, or its quantile as a standard normal value. Ties (whole numbers, a reading that
stands at an end of its scale) are spread over the quantiles they share and come back exactly. A
column of labels is one channel a label; a column of numbers with gaps has two more, for there and
missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

if TYPE_CHECKING:
    import pandas as pd

Vector = NDArray[np.float64]

#: A column in which a larger share of rows repeats a value is a tied one.
MOST_TIES = 0.05
#: Where a column without ties is looked up: so many channel values, up to so many deviations.
GRID, REACH = 16_384, 5.5


@dataclass(frozen=True)
class Numbers:
    """A column of numbers.

    Attributes:
        name: The column.
        dtype: Its pandas dtype.
        whole: Whether only whole numbers occur.
        gaps: Whether values are missing.
        values: Ascending values of the column, shape (k,); a value that many rows have is there
            twice, at both ends of its quantiles.
        shares: Share of the column up to each value, 0 to 1, shape (k,).
        low: Least value that is possible.
        high: Greatest value that is possible.
        z_score: Mean and standard deviation if its scale is the z-score.
    """

    name: str
    dtype: Any
    whole: bool
    gaps: bool
    values: Vector
    shares: Vector
    low: float
    high: float
    z_score: tuple[float, float] | None = None

    @property
    def constant(self) -> bool:
        """Whether there is nothing to learn."""
        return bool(self.values[0] == self.values[-1])

    @property
    def width(self) -> int:
        """Continuous channels."""
        return 0 if self.constant else 1

    @cached_property
    def tied(self) -> bool:
        """Whether many rows share their value with others."""
        shared = np.diff(self.shares)[np.diff(self.values) == 0.0].sum()
        return self.z_score is None and bool(shared > MOST_TIES)

    @property
    def labels(self) -> int:
        """Channels that are one or zero."""
        return 2 if self.gaps else 0

    def to_channel(self, numbers: Vector, rng: np.random.Generator) -> Vector:
        """Values as channel values, both of shape (n,)."""
        if self.z_score is not None:
            mean, deviation = self.z_score
            return (numbers - mean) / deviation
        share = np.interp(numbers, self.values, self.shares)
        first = np.searchsorted(self.values, numbers, "left")
        last = np.searchsorted(self.values, numbers, "right") - 1
        tied = last > first
        below, above = self.shares[first[tied]], self.shares[last[tied]]
        share[tied] = below + (above - below) * rng.random(int(tied.sum()))
        steps = np.diff(self.shares)
        margin = 0.25 * steps[steps > 0.0].min()
        return np.asarray(ndtri(np.clip(share, margin, 1.0 - margin)))

    def from_channel(self, channel: Vector) -> Vector:
        """Channel values as values of the column, none beyond what is possible."""
        return self._rounded(self.unrounded(channel))

    def unrounded(self, channel: Vector) -> Vector:
        """The same, with fractions of whole numbers."""
        if self.z_score is None:
            numbers = self.smoothly(channel)
        else:
            mean, deviation = self.z_score
            numbers = mean + deviation * channel
        return folded(numbers, self.low, self.high)

    def possible(self, numbers: Vector) -> Vector:
        """Numbers turned back at the limits, and whole ones where only those occur."""
        return self._rounded(folded(numbers, self.low, self.high))

    def _rounded(self, numbers: Vector) -> Vector:
        if self.whole:
            return np.clip(np.round(numbers), np.ceil(self.low), np.floor(self.high))
        return numbers

    def smoothly(self, channel: Vector) -> Vector:
        """The same without a fold or a step: never falling."""
        if self.z_score is not None:
            mean, deviation = self.z_score
            return np.clip(mean + deviation * channel, self.low, self.high)
        if self.tied:
            return np.asarray(np.interp(ndtr(channel), self.shares, self.values))
        place = (channel.clip(-REACH, REACH) + REACH) * ((GRID - 1) / (2.0 * REACH))
        before = np.minimum(place.astype(np.intp), GRID - 2)
        values = self._on_grid[before]
        return np.asarray(values + (place - before) * (self._on_grid[before + 1] - values))

    @cached_property
    def _on_grid(self) -> Vector:
        """The column at evenly spaced channel values: no quantile has to be searched for then."""
        return np.asarray(
            np.interp(ndtr(np.linspace(-REACH, REACH, GRID)), self.shares, self.values)
        )


@dataclass(frozen=True)
class Labels:
    """A column of categories or booleans; a missing value, None, is a label of its own."""

    name: str
    dtype: Any
    categories: tuple[Any, ...]

    width = 0

    @property
    def labels(self) -> int:
        """Channels that are one or zero."""
        return len(self.categories)


Column = Numbers | Labels


def to_channels(
    frame: pd.DataFrame, columns: Sequence[Column], rng: np.random.Generator
) -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
    """The channels of a table.

    Returns:
        Continuous channels, shape (rows, columns of numbers that vary), and a block of shape
        (rows, labels) for each column of labels or with gaps, both in the order of the columns.
    """
    rows = len(frame)
    continuous = np.empty((rows, sum(column.width for column in columns)), np.float32)
    blocks: list[NDArray[np.float32]] = []
    index = 0
    for column in columns:
        if isinstance(column, Labels):
            blocks.append(_one_hot(_codes(frame[column.name], column.categories), column.labels))
            continue
        numbers = frame[column.name].to_numpy(np.float64)
        there = ~np.isnan(numbers)
        if not column.constant:
            channel = rng.standard_normal(rows) if column.gaps else np.empty(rows)
            channel[there] = column.to_channel(numbers[there], rng)
            continuous[:, index] = channel
            index += 1
        if column.gaps:
            blocks.append(_one_hot((~there).astype(int), 2))
    return continuous, blocks


def from_channels(
    continuous: NDArray[np.float32], chosen: Sequence[NDArray[np.intp]], columns: Sequence[Column]
) -> pd.DataFrame:
    """The table of continuous channels and of the label that each block has in each row."""
    import pandas as pd

    channels, blocks = iter(continuous.T), iter(chosen)
    found = {}
    for column in columns:
        if isinstance(column, Labels):
            values = np.array(column.categories, dtype=object)[next(blocks)]
            found[column.name] = pd.Series(values).astype(column.dtype)
            continue
        if column.constant:
            numbers = np.full(len(continuous), column.values[0])
        else:
            numbers = column.from_channel(next(channels).astype(np.float64))
        if column.gaps:
            numbers = np.where(next(blocks) == 1, np.nan, numbers)
        found[column.name] = pd.Series(numbers).astype(column.dtype)
    return pd.DataFrame(found)


def present_values(column: pd.Series[Any]) -> list[Any]:
    """The values of a column of labels, None for a missing one."""
    return [
        None if missing else value for value, missing in zip(column, column.isna(), strict=True)
    ]


def _codes(column: pd.Series[Any], categories: Sequence[Any]) -> NDArray[np.intp]:
    codes = {category: code for code, category in enumerate(categories)}
    return np.array([codes[value] for value in present_values(column)], dtype=np.intp)


def _one_hot(codes: NDArray[Any], labels: int) -> NDArray[np.float32]:
    shares: NDArray[np.float32] = np.eye(labels, dtype=np.float32)[codes]
    return shares


def folded(values: Vector, low: float, high: float) -> Vector:
    """Values beyond a limit turned back at it, so that none pile up there."""
    values = np.where(values < low, 2.0 * low - values, values)
    values = np.where(values > high, 2.0 * high - values, values)
    return np.clip(values, low, high)
