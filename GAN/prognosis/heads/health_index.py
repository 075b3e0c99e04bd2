"""Health index: what is left of the way of the most worn sensor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from GAN.prognosis.condition.sensors import Floats


def health_index(used: Floats, wearing: NDArray[np.intp]) -> Floats:
    """Health from 100 (as new) to 0 (a sensor is at its failure value), shape (n,).

    Args:
        used: Share of its way to failure that each sensor has gone, shape (n, sensors).
        wearing: Indices of the sensors that have a failure value.

    Returns:
        NaN if no wearing sensor has a reading.
    """
    if not len(wearing):
        return np.full(len(used), np.nan)
    worn = used[:, wearing]
    known = ~np.isnan(worn).all(axis=1)
    most = np.where(np.isnan(worn), -np.inf, worn).max(axis=1)
    return np.where(known, 100.0 * (1.0 - np.clip(most, 0.0, 1.0)), np.nan)
