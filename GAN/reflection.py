"""Reflection of readings at the limits of their sensor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def reflect(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """Reflect values at two limits, so that they do not accumulate there.

    A value that is still outside after one reflection at each limit is clipped.

    Args:
        values: Any shape.
        low: Smallest possible value.
        high: Largest possible value.
    """
    reflected = np.where(values < low, 2.0 * low - values, values)
    reflected = np.where(reflected > high, 2.0 * high - reflected, reflected)
    return np.clip(reflected, low, high)
