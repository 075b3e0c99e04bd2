"""Augmented copies of the known units."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.worth.draws import Known
from benchmarks.worth.lives import each, lengths, life, numbered

#: Copies of each unit; time is stretched by e^N(0, `STRETCH`); noise and the offset of a copy are
#: this share of a sensor's standard deviation.
COPIES, STRETCH, OFF = 20, 0.15, 0.1


def augmented(known: Known, seed: int) -> pd.DataFrame:
    """The known units and stretched, noisy copies of them."""
    rng = np.random.default_rng(seed)
    sigma = known.lives[known.sensors].to_numpy(np.float64).std(axis=0)
    lives = list(each(known.lives))
    copies = [_copy(one, known, sigma, rng) for one in lives for _ in range(COPIES)]
    return numbered([*lives, *copies])


def _copy(
    one: pd.DataFrame, known: Known, sigma: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    factor = float(np.exp(rng.normal(0.0, STRETCH)))
    old = one["cycle_hour"].to_numpy(np.float64) * factor
    hours = np.arange(0.0, old[-1] + 1e-9, known.step)
    # The nearest row: values between rows would be smoother than readings.
    nearest = np.searchsorted((old[1:] + old[:-1]) / 2.0, hours)
    readings = one[known.sensors].to_numpy(np.float64)[nearest]
    readings = readings + OFF * sigma * rng.normal(size=readings.shape)
    readings += OFF * sigma * rng.normal(size=len(sigma))
    length = float(lengths(one)[0]) * factor
    mode = str(one["failure_mode"].iloc[0])
    return life(hours, length, mode, pd.DataFrame(readings, columns=known.sensors))
