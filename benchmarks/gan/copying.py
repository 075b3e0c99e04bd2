"""Sets whose lives are copies of seed lives."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray

from GAN.datasets.run_to_failure import time_step_of
from GAN.profiles.profile import MachineProfile

Sets = dict[str, pd.DataFrame]

#: Standard deviation of a stretch's logarithm, and of noise in standard deviations of the sensor.
STRETCH, NOISE, MUCH_NOISE = 0.15, 0.02, 0.1


def copied(
    sets: Sets,
    seed: pd.DataFrame,
    profile: MachineProfile,
    rng: Generator,
    stretch: float = 0.0,
    noise: float = 0.0,
) -> Sets:
    """All lives are copies of seed lives.

    Args:
        sets: Good sets.
        seed: The seed.
        profile: The machine.
        rng: Draws the seed lives.
        stretch: Standard deviation of the logarithm of their length.
        noise: Standard deviation of added noise, in standard deviations of the sensor.
    """
    lives = [life for _, life in seed.groupby("unit_id")]
    return {
        split: _copies(frame, frame["unit_id"].unique(), lives, profile, stretch, noise, rng)
        for split, frame in sets.items()
    }


def one_copied(sets: Sets, seed: pd.DataFrame, profile: MachineProfile, rng: Generator) -> Sets:
    """One life of the test set is a stretched copy of a seed life."""
    test = sets["test"]
    last = test["unit_id"].max()
    lives = [life for _, life in seed.groupby("unit_id")]
    copy = _copies(test, np.array([last]), lives, profile, STRETCH, 0.0, rng)
    return sets | {"test": pd.concat([test[test["unit_id"] < last], copy], ignore_index=True)}


def one_life_for_all(
    sets: Sets, seed: pd.DataFrame, profile: MachineProfile, rng: Generator
) -> Sets:
    """All lives are one seed life, with noise that hides it from a comparison row by row."""
    units = seed["unit_id"].unique()
    one = seed[seed["unit_id"] == rng.choice(units)]
    return copied(sets, one, profile, rng, noise=MUCH_NOISE)


def _copies(
    like: pd.DataFrame,
    units: NDArray[np.integer],
    lives: list[pd.DataFrame],
    profile: MachineProfile,
    stretch: float,
    noise: float,
    rng: Generator,
) -> pd.DataFrame:
    names = [sensor.name for sensor in profile.sensors]
    seed = pd.concat(lives)
    spread, step = seed[names].std().to_numpy(), time_step_of(like)
    made = []
    for unit in units:
        life = lives[rng.integers(len(lives))]
        # The set's own time step, which may differ from the seed's by a little.
        same = len(life) if stretch == 0.0 else len(life) * time_step_of(seed) / step
        rows = round(same * np.exp(rng.normal(0.0, stretch)))
        at = np.linspace(0, len(life) - 1, rows)
        readings = np.column_stack(
            [np.interp(at, np.arange(len(life)), life[name]) for name in names]
        )
        noisy = readings + rng.normal(0.0, 1.0, readings.shape) * noise * spread
        readings = np.clip(noisy, seed[names].min().to_numpy(), seed[names].max().to_numpy())
        copy = pd.DataFrame(readings, columns=names)
        copy.insert(0, "unit_id", np.int32(unit))
        copy.insert(1, "cycle_hour", np.arange(rows) * step)
        copy.insert(2, "rul_hours", np.arange(rows)[::-1] * step)
        copy.insert(3, "failure_mode", life["failure_mode"].iloc[0])
        made.append(copy)
    return pd.concat(made, ignore_index=True)
