"""Windows of lives, which judges separate."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.worth.lives import each, sensors_of
from GAN.prognosis.condition.sensors import Floats

#: Rows of a window, and lives of a side that are compared.
WINDOW, LIVES = 30, 40


class Windows(NamedTuple):
    """Windows of several units.

    Attributes:
        readings: Shape (windows, WINDOW, sensors).
        unit: Number of the unit of each window, from 0, shape (windows,).
    """

    readings: Floats
    unit: NDArray[np.intp]


def windows_of(lives: pd.DataFrame, of_a_life: int, seed: int) -> Windows:
    """Windows that begin at random rows of random lives; shorter lives have none."""
    rng = np.random.default_rng(seed)
    sensors = sensors_of(lives)
    long = [one for one in each(lives) if len(one) >= WINDOW]
    chosen = rng.permutation(len(long))[:LIVES]
    parts = [np.empty((0, WINDOW, len(sensors)))]
    for number in chosen:
        readings = long[number][sensors].to_numpy(np.float64)
        starts = rng.integers(len(readings) - WINDOW + 1, size=of_a_life)
        parts.append(readings[starts[:, None] + np.arange(WINDOW)])
    return Windows(np.concatenate(parts), np.repeat(np.arange(len(chosen)), of_a_life))
