"""Lives that a predictor can learn from in addition to real ones, made from these alone."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from GAN.datasets.real_units import RealUnits
from GAN.datasets.regimes import find_regimes
from GAN.profiles.profile import MachineProfile
from GAN.synthesis.generation import draw_lives
from GAN.synthesis.life_model import learn_lives

if TYPE_CHECKING:
    import pandas as pd

#: About so many lives, and at most so many rows.
UNITS, MOST_ROWS = 100, 30_000
#: A copy's life is longer or shorter by a factor with this standard deviation (logarithm). Its
#: noise and its constant offset have this share of a sensor's standard deviation.
STRETCH, OFF = 0.15, 0.1
#: Most copies of a unit.
MOST_COPIES = 20


def generated_lives(real: RealUnits, profile: MachineProfile, seed: int) -> pd.DataFrame:
    """Synthetic lives of a model that has learnt from these real units.

    Args:
        real: The real units.
        profile: The machine.
        seed: Random seed, 0 or greater.
    """
    model = learn_lives(real.lives, profile, real)
    return draw_lives(model, profile, UNITS, MOST_ROWS, real.step, seed)


def stretched_lives(real: RealUnits, profile: MachineProfile, seed: int) -> pd.DataFrame:
    """Copies of the real units, stretched in time, with noise and a constant offset.

    Args:
        real: The real units.
        profile: The machine.
        seed: Random seed, 0 or greater.
    """
    import pandas as pd

    rng = np.random.default_rng(seed)
    names = [sensor.name for sensor in profile.sensors]
    regimes, _ = find_regimes(real.lives, profile)
    off = OFF * regimes.within_nearest(real.lives, names)[names].to_numpy().std(axis=0)
    off[list(regimes.settings)] = 0.0  # Else a copy would leave its regimes.
    lives = [life for _, life in real.lives.groupby("unit_id")]
    copies = min(MOST_COPIES, math.ceil(UNITS / len(lives)), math.ceil(MOST_ROWS / len(real.lives)))
    stretched = [
        _stretched(life, float(np.exp(rng.normal(0.0, STRETCH))), real.step)
        for life in lives
        for _ in range(copies)
    ]
    for number, copy in enumerate(stretched, start=1):
        noise = rng.standard_normal((len(copy), len(names))) + rng.standard_normal(len(names))
        copy[names] += off * noise
        copy["unit_id"] = number
    return pd.concat(stretched, ignore_index=True)


def _stretched(life: pd.DataFrame, factor: float, step: float) -> pd.DataFrame:
    """A life that takes `factor` times as long, at the same time step."""
    hours = life["cycle_hour"].to_numpy() * factor
    end = hours[-1] + float(life["rul_hours"].iloc[-1]) * factor
    # To the end of the recording, in whole steps back from there.
    rows = max(2, 1 + int((hours[-1] - hours[0]) / step))
    at = hours[-1] - step * np.arange(rows)[::-1]
    # The nearest row: values between rows would be smoother than readings.
    nearest = np.searchsorted((hours[1:] + hours[:-1]) / 2.0, at)
    stretched: pd.DataFrame = life.iloc[nearest].reset_index(drop=True)
    return stretched.assign(cycle_hour=at, rul_hours=end - at)
