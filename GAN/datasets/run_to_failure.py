"""Time and life fraction of run-to-failure tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def time_step_of(frame: pd.DataFrame) -> float:
    """Time step between the rows of a data set in hours, a multiple of 1/4096 h.

    It is the median step of the first unit, because real data may have uneven steps.
    """
    first = frame["cycle_hour"].to_numpy()[frame["unit_id"].to_numpy() == frame["unit_id"].iloc[0]]
    return max(1, round(float(np.median(np.diff(first))) * TICKS_PER_HOUR)) / TICKS_PER_HOUR


def life_fraction(frame: pd.DataFrame) -> pd.Series[float]:
    """Fraction of the unit's life that has passed at each row of a data set, 0 to 1."""
    return frame["cycle_hour"] / (frame["cycle_hour"] + frame["rul_hours"])


#: Time steps are multiples of 1/4096 h. These and their multiples are exact in floating point, so
#: RUL falls by exactly one step per row and ends at exactly 0.
TICKS_PER_HOUR = 4096
