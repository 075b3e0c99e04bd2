"""Conversion of a table to the network's matrix of channels, and back.

A column of numbers is one channel, on the scale on which its noise is closest to normal: the
z-score, or the quantile as a standard normal value. Ties (whole numbers, readings at an end of
their scale) are spread over the quantiles that they share and are restored exactly. A column of
labels has one channel per label; a column of numbers with gaps has two more, for present and
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

from GAN.reflection import reflect

if TYPE_CHECKING:
    import pandas as pd

Vector = NDArray[np.float64]

#: A column is tied if a larger share of its rows repeats a value.
MOST_TIES = 0.05
#: Points and range, in standard deviations, of the lookup table of a column without ties.
GRID, REACH = 16_384, 5.5


@dataclass(frozen=True)
class Numbers:
    """A column of numbers.

    Attributes:
        name: The column.
        dtype: Its pandas dtype.
        whole: Whether only whole numbers occur.
        gaps: Whether values are missing.
        values: Ascending values of the column, shape (k,); a frequent value occurs twice, at both
            ends of its quantiles.
        shares: Share of the column up to each value, 0 to 1, shape (k,).
        low: Smallest possible value.
        high: Largest possible value.
        z_score: Mean and standard deviation if the scale is the z-score, else None.
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
        """Whether all values are equal."""
        return bool(self.values[0] == self.values[-1])

    @property
    def width(self) -> int:
        """Number of continuous channels."""
        return 0 if self.constant else 1

    @cached_property
    def tied(self) -> bool:
        """Whether many rows have the same value as other rows."""
        shared = np.diff(self.shares)[np.diff(self.values) == 0.0].sum()
        return self.z_score is None and bool(shared > MOST_TIES)

    @property
    def labels(self) -> int:
        """Number of channels that are one or zero."""
        return 2 if self.gaps else 0

    def to_channel(self, numbers: Vector, rng: np.random.Generator) -> Vector:
        """Convert values to channel values, both of shape (n,)."""
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
        """Convert channel values to possible values of the column."""
        return self._rounded(self.unrounded(channel))

    def unrounded(self, channel: Vector) -> Vector:
        """The same, without rounding whole numbers."""
        if self.z_score is None:
            numbers = self.smoothly(channel)
        else:
            mean, deviation = self.z_score
            numbers = mean + deviation * channel
        return reflect(numbers, self.low, self.high)

    def possible(self, numbers: Vector) -> Vector:
        """Reflect numbers at the limits, and round them where only whole numbers occur."""
        return self._rounded(reflect(numbers, self.low, self.high))

    def _rounded(self, numbers: Vector) -> Vector:
        if self.whole:
            return np.clip(np.round(numbers), np.ceil(self.low), np.floor(self.high))
        return numbers

    def smoothly(self, channel: Vector) -> Vector:
        """The same without reflection and rounding, so that it is monotone."""
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
        """Lookup table: the column at evenly spaced channel values, which avoids a search."""
        return np.asarray(
            np.interp(ndtr(np.linspace(-REACH, REACH, GRID)), self.shares, self.values)
        )


@dataclass(frozen=True)
class Labels:
    """A column of categories or booleans; a missing value (None) is a category too."""

    name: str
    dtype: Any
    categories: tuple[Any, ...]

    width = 0

    @property
    def labels(self) -> int:
        """Number of channels that are one or zero."""
        return len(self.categories)


Column = Numbers | Labels


def to_channels(
    frame: pd.DataFrame, columns: Sequence[Column], rng: np.random.Generator
) -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
    """The channels of a table.

    Returns:
        Continuous channels, shape (rows, number columns that are not constant), and a block of
        shape (rows, labels) for each column of labels or with gaps, in the order of the columns.
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
    """Convert continuous channels, and the label of each block in each row, to a table."""
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
