"""Draws: a few known units of a set, and the times at which other units are asked about."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.worth.lives import lengths, sensors_of
from GAN.datasets.run_to_failure import time_step_of
from GAN.importing.conversion import Runs
from GAN.importing.profile_inference import derive_profile
from GAN.profiles.profile import MachineProfile

#: At most so many units are asked about, and a set with fewer than the second number is left out.
ASKED, FEWEST_ASKED = 40, 15
#: Random times of each life at which its unit is asked about.
CUTS = 10
#: RUL is learnt and scored up to this share of the mean known life, as is usual: a unit far from
#: its end shows no wear.
CAP = 0.6


@dataclass(frozen=True)
class Known:
    """All that a side may see: whole lives of the known units, numbered from 1."""

    lives: pd.DataFrame

    @cached_property
    def profile(self) -> MachineProfile:
        """The profile that `fleetforge seed import` derives from them.

        Raises:
            InvalidInput: No profile fits them.
        """
        runs = Runs(self.lives, (), (), self.lives.head(0), ())
        return derive_profile("machine_001", runs, {}, "known units")

    @property
    def sensors(self) -> list[str]:
        """Names of the sensors."""
        return sensors_of(self.lives)

    @property
    def step(self) -> float:
        """Time step, hours."""
        return time_step_of(self.lives)

    @cached_property
    def lengths(self) -> NDArray[np.float64]:
        """Length of each life, hours."""
        return lengths(self.lives)

    @property
    def mean_life(self) -> float:
        """Hours."""
        return float(self.lengths.mean())


@dataclass(frozen=True)
class Draw:
    """Known units, and others that are cut at random times.

    Attributes:
        known: What the sides learn from.
        unseen: Whole lives of the other units.
        cuts: Rows of `unseen` at which a forecast is asked for, shape (cuts,); as many of each
            unit, so that all units count the same.
        mean_life: Of all units of the set, hours.
        number: Of the draw.
    """

    known: Known
    unseen: pd.DataFrame
    cuts: NDArray[np.intp]
    mean_life: float
    number: int

    @property
    def cap(self) -> float:
        """Hours up to which RUL is learnt and scored."""
        return CAP * self.known.mean_life


def drawn(frame: pd.DataFrame, known: int, number: int) -> Draw:
    """Draw units and cuts.

    Args:
        frame: All lives of a set, sorted by unit and hour.
        known: Number of known units.
        number: Of the draw; the same number gives the same draw.
    """
    rng = np.random.default_rng([known, number])
    order = rng.permutation(frame["unit_id"].unique())
    asked = np.sort(order[known : known + ASKED])
    unseen = frame[frame["unit_id"].isin(asked)].reset_index(drop=True)
    lives = frame[frame["unit_id"].isin(order[:known])].reset_index(drop=True)
    lives["unit_id"] = pd.factorize(lives["unit_id"])[0] + 1
    rows = unseen.groupby("unit_id").size().to_numpy()
    first = np.cumsum(rows) - rows
    cuts = first[:, None] + (rng.random((len(rows), CUTS)) * rows[:, None]).astype(np.intp)
    return Draw(Known(lives), unseen, cuts.ravel(), float(lengths(frame).mean()), number)
