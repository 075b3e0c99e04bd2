"""Noise that follows itself in time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def ar1_noise(count: int, lag1: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Stationary AR(1) noise of unit variance, shape (count,)."""
    from scipy.signal import lfilter

    shocks = rng.normal(0.0, np.sqrt(1.0 - lag1**2), count)
    shocks[0] = rng.normal()
    return np.asarray(lfilter([1.0], [1.0, -lag1], shocks))
