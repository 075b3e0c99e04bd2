"""Courses of units: readings on a grid of the life fraction, and what is left over."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks.worth.draws import Known
from benchmarks.worth.lives import each
from GAN.datasets.run_to_failure import life_fraction
from GAN.prognosis.condition.sensors import Floats

#: Points of the grid. A course is the mean of the readings around each.
POINTS = 30
GRID: Floats = np.asarray((np.arange(POINTS) + 0.5) / POINTS, dtype=np.float64)
#: Lives that a generator without its own rule makes.
MADE = 100
#: Parts of a life that are taken from one known unit.
BLOCKS = 10


class Course(NamedTuple):
    """A known unit.

    Attributes:
        fraction: Life fraction of each row, shape (rows,).
        readings: Shape (rows, sensors).
        curve: Means of the readings around the points of the grid, shape (points, sensors).
        rest: Readings less the curve, shape (rows, sensors).
        mode: Failure mode.
    """

    fraction: Floats
    readings: Floats
    curve: Floats
    rest: Floats
    mode: str


def courses(known: Known) -> list[Course]:
    """The course of each known unit."""
    return [_course(one, known.sensors) for one in each(known.lives)]


def _course(one: pd.DataFrame, sensors: list[str]) -> Course:
    fraction: Floats = np.asarray(life_fraction(one), dtype=np.float64)
    readings = one[sensors].to_numpy(np.float64)
    bins = np.minimum((fraction * POINTS).astype(int), POINTS - 1)
    seen, place = np.unique(bins, return_inverse=True)
    means = np.array([readings[place == number].mean(axis=0) for number in range(len(seen))])
    curve = at_fraction(means, GRID, GRID[seen])
    rest = readings - at_fraction(curve, fraction)
    return Course(fraction, readings, curve, rest, str(one["failure_mode"].iloc[0]))


def at_fraction(curve: Floats, fraction: Floats, grid: Floats = GRID) -> Floats:
    """A course between the points of its grid, and straight on beyond them.

    Args:
        curve: Shape (points, sensors).
        fraction: Life fractions, shape (rows,).
        grid: Life fractions of the points, ascending.

    Returns:
        Shape (rows, sensors).
    """
    if len(grid) == 1:
        return np.repeat(curve, len(fraction), axis=0)
    left = np.clip(np.searchsorted(grid, fraction) - 1, 0, len(grid) - 2)
    way = (fraction - grid[left]) / (grid[left + 1] - grid[left])
    return np.asarray(curve[left] + way[:, None] * (curve[left + 1] - curve[left]))


def hours_of_life(length: float, known: Known) -> Floats:
    """Hours of the rows of a new life: two or more, at the known units' step."""
    return np.arange(max(2, int(length / known.step) + 1), dtype=np.float64) * known.step


def blocks(
    fraction: Floats, donors: list[tuple[Floats, Floats]], rng: np.random.Generator
) -> Floats:
    """Rows of known units at the same life fraction, a tenth of a life from one unit.

    Args:
        fraction: Life fractions of the new rows, ascending, shape (rows,).
        donors: Of each known unit the life fractions of its rows, and values of these rows.
        rng: Draws the units.

    Returns:
        Shape (rows, values).
    """
    part = np.minimum((fraction * BLOCKS).astype(int), BLOCKS - 1)
    chosen = rng.integers(len(donors), size=BLOCKS)
    found = np.empty((len(fraction), donors[0][1].shape[1]))
    for number, donor in enumerate(chosen):
        rows = np.flatnonzero(part == number)
        old, values = donors[donor]
        found[rows] = values[np.searchsorted((old[1:] + old[:-1]) / 2.0, fraction[rows])]
    return found
