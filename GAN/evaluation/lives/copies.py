"""Are synthetic lives copies of known lives?

A life is compared with each known life at the same fractions of life, row by row, readings as they
are. A new life has noise and unit effects that no known life has, so it differs from each of them
about as much as they differ from each other. A copy does not, even if it was stretched in time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from GAN.datasets.run_to_failure import life_fraction
from GAN.profiles.profile import MachineProfile

if TYPE_CHECKING:
    import pandas as pd

Matrix = NDArray[np.float64]
#: Fractions of life, shape (rows,), and readings in standard deviations, shape (rows, sensors).
Life = tuple[Matrix, Matrix]

#: The least difference from row to row that counts, in standard deviations of a sensor: copies of
#: smooth lives with a little noise must be found too.
LEAST_NOISE = 0.15
#: Rows of a synthetic life that are compared.
ROWS = 64


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
        its own nearest other one, or from row to row if that is less; 0 for a copy.
    """
    names = [sensor.name for sensor in profile.sensors]
    scale = seed[names].std().to_numpy() + 1e-12
    known = _lives(seed, names, scale)
    usual = np.array([_to_others(known, place) for place in range(len(known))])
    # Of many new lives, some come near a known unit. They still differ by the noise of both.
    noise = np.array([_distance(life[1][1:], life[1][:-1]) for life in known])
    usual = np.minimum(usual, np.maximum(noise, LEAST_NOISE))
    return min(
        float(np.min(_distances(life, known) / np.maximum(usual, 1e-12)))
        for frame in synthetic.values()
        for life in _lives(frame, names, scale)
    )


def _lives(frame: pd.DataFrame, names: list[str], scale: Matrix) -> list[Life]:
    fractions, units = life_fraction(frame).to_numpy(), frame["unit_id"].to_numpy()
    readings = np.nan_to_num(frame[names].to_numpy()) / scale
    ends = np.flatnonzero(np.diff(units)) + 1
    return list(zip(np.split(fractions, ends), np.split(readings, ends), strict=True))


def _to_others(known: list[Life], place: int) -> float:
    others = known[:place] + known[place + 1 :]
    return float(_distances(known[place], others).min()) if others else np.inf


def _distances(life: Life, known: list[Life]) -> Matrix:
    """Differences of a life to known ones, shape (known,)."""
    rows = np.unique(np.linspace(0, len(life[0]) - 1, ROWS).round().astype(int))
    fractions, readings = life[0][rows], life[1][rows]
    return np.array(
        [min(_distance(readings, match) for match in _at(fractions, other)) for other in known]
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
