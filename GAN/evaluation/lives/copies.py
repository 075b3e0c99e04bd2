"""Are synthetic lives copies of known lives?

A life is compared with each known life at the same fractions of life, row by row, readings as they
are. A new life has noise and unit effects that no known life has, so it differs from each of them
about as much as they differ from each other. A copy does not, even if it was stretched in time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from GAN.datasets.run_to_failure import life_fraction
from GAN.profiles.profile import MachineProfile

if TYPE_CHECKING:
    import pandas as pd

Matrix = NDArray[np.float64]


class Life(NamedTuple):
    """A life.

    Attributes:
        fractions: Fractions of life, shape (rows,).
        readings: In standard deviations, shape (rows, sensors).
    """

    fractions: Matrix
    readings: Matrix


#: The least difference from row to row that counts, in standard deviations of a sensor: copies of
#: smooth lives with a little noise must be found too.
LEAST_NOISE = 0.15
#: Rows of a synthetic life that are compared.
ROWS = 64
#: Known lives that a life is compared with row by row, and parts of life whose mean readings say
#: which are the nearest: a copy has those of its original.
NEAREST, PARTS = 4, 16


def nearest_life_distance(
    seed: pd.DataFrame, synthetic: Mapping[str, pd.DataFrame], profile: MachineProfile
) -> float:
    """How near the nearest synthetic life of all sets is to a known life.

    Args:
        seed: The known lives.
        synthetic: The sets by name.
        profile: The machine.

    Returns:
        Root mean square difference to the nearest known life, relative to that life's difference to
        its own nearest other one, or from row to row if that is less; 0 for a copy. Of lives that
        change more from row to row than most, the median of all counts.
    """
    names = [sensor.name for sensor in profile.sensors]
    scale = seed[names].std().to_numpy() + 1e-12
    known = _lives(seed, names, scale)
    usual = _to_others(known)
    # Of many new lives, some come near a known unit. They still differ by the noise of both.
    noise = np.array([_distance(life.readings[1:], life.readings[:-1]) for life in known])
    # In a life of a few rows, each is a large part of its course: such a step is no noise.
    noise = np.minimum(noise, np.median(noise))
    usual = np.minimum(usual, np.maximum(noise, LEAST_NOISE))
    lives = [life for frame in synthetic.values() for life in _lives(frame, names, scale)]
    nearest = _nearest(_courses(lives), _courses(known))
    return min(
        float(np.min(_distances(life, known, places) / np.maximum(usual[places], 1e-12)))
        for life, places in zip(lives, nearest, strict=True)
    )


def _lives(frame: pd.DataFrame, names: list[str], scale: Matrix) -> list[Life]:
    fractions = np.asarray(life_fraction(frame), np.float64)
    units = frame["unit_id"].to_numpy()
    readings = np.nan_to_num(frame[names].to_numpy()) / scale
    ends = np.flatnonzero(np.diff(units)) + 1
    return [
        Life(own, shown)
        for own, shown in zip(np.split(fractions, ends), np.split(readings, ends), strict=True)
    ]


def _courses(lives: list[Life]) -> Matrix:
    """Mean readings of the parts of each life, shape (lives, PARTS × sensors)."""
    return np.array([_course(life.readings) for life in lives])


def _course(readings: Matrix) -> Matrix:
    # A part of a life that has fewer rows than parts is its nearest row.
    starts = np.arange(PARTS) * len(readings) // PARTS
    rows = np.maximum(np.diff(starts, append=len(readings)), 1)
    return np.asarray((np.add.reduceat(readings, starts) / rows[:, None]).ravel())


def _nearest(courses: Matrix, known: Matrix) -> NDArray[np.intp]:
    """Places of the known lives with the most similar courses, shape (lives, NEAREST or less)."""
    # The squared distance, without the part that is the same for all known lives.
    away = np.square(known).sum(axis=1) - 2.0 * courses @ known.T
    return np.asarray(np.argsort(away, axis=1)[:, :NEAREST])


def _to_others(known: list[Life]) -> Matrix:
    """Difference of each known life to its nearest other one, shape (known,)."""
    if len(known) == 1:
        return np.array([np.inf])
    courses = _courses(known)
    found = np.empty(len(known))
    for place, life in enumerate(known):
        others = np.delete(np.arange(len(known)), place)
        nearest = _nearest(courses[[place]], courses[others])[0]
        found[place] = _distances(life, known, others[nearest]).min()
    return found


def _distances(life: Life, known: list[Life], places: NDArray[np.intp]) -> Matrix:
    """Differences of a life to the known ones at some places, shape (places,)."""
    rows = np.unique(np.linspace(0, len(life.fractions) - 1, ROWS).round().astype(int))
    fractions, readings = life.fractions[rows], life.readings[rows]
    return np.array(
        [
            min(_distance(readings, match) for match in _at(fractions, known[place]))
            for place in places
        ]
    )


def _at(fractions: Matrix, life: Life) -> tuple[Matrix, Matrix]:
    """A life's readings at fractions: interpolated, and those of the nearest row.

    A stretched copy may have either.
    """
    own, readings = life
    if len(own) == 1:
        return (readings, readings)
    after = np.clip(np.searchsorted(own, fractions), 1, len(own) - 1)
    share = (fractions - own[after - 1]) / (own[after] - own[after - 1])
    between = readings[after - 1] + share[:, None] * (readings[after] - readings[after - 1])
    return between, readings[np.where(share > 0.5, after, after - 1)]


def _distance(one: Matrix, other: Matrix) -> float:
    return float(np.sqrt(np.square(one - other).mean()))
