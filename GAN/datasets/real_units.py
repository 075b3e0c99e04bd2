"""The real units of a machine type."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from GAN.datasets.run_to_failure import time_step_of

if TYPE_CHECKING:
    import pandas as pd


class RealUnits(NamedTuple):
    """Real units of a machine type, in the columns of a seed.

    Attributes:
        lives: Units whose RUL is known.
        unfailed: Units that had not failed at their last reading; their RUL is the time until then.
        step_hours: Time step between readings, hours; None: that of the first life.
    """

    lives: pd.DataFrame
    unfailed: pd.DataFrame | None
    step_hours: float | None = None

    @property
    def step(self) -> float:
        """Time step between readings, hours."""
        return self.step_hours or time_step_of(self.lives)

    def lived(self) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """What each unit has lived, hours, and whether it failed then."""
        parts = [self.lives] if self.unfailed is None else [self.lives, self.unfailed]
        hours = [
            (part["cycle_hour"] + part["rul_hours"]).groupby(part["unit_id"]).first().to_numpy()
            for part in parts
        ]
        failed = [np.full(len(part), number == 0) for number, part in enumerate(hours)]
        return np.concatenate(hours), np.concatenate(failed)
