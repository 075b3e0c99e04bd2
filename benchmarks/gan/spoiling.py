"""Ways to spoil good sets."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.random import Generator

from GAN.datasets.run_to_failure import TICKS_PER_HOUR, time_step_of

Sets = dict[str, pd.DataFrame]
#: Spoils sets; gets the seed and the names of its sensors too.
Spoil = Callable[[Sets, pd.DataFrame, list[str], Generator], Sets]

#: Standard deviation of a stretch's logarithm, and of noise in standard deviations of the sensor.
STRETCH, NOISE = 0.15, 0.02


def copied(stretch: float, noise: float) -> Spoil:
    """All lives are copies of seed lives.

    Args:
        stretch: Standard deviation of the logarithm of their length.
        noise: Standard deviation of added noise, in standard deviations of the sensor.
    """

    def spoil(sets: Sets, seed: pd.DataFrame, names: list[str], rng: Generator) -> Sets:
        return {
            split: _copies(frame, frame["unit_id"].unique(), seed, names, stretch, noise, rng)
            for split, frame in sets.items()
        }

    return spoil


def one_copied(sets: Sets, seed: pd.DataFrame, names: list[str], rng: Generator) -> Sets:
    """One life of the test set is a stretched copy of a seed life."""
    test = sets["test"]
    last = test["unit_id"].max()
    copy = _copies(test, np.array([last]), seed, names, STRETCH, 0.0, rng)
    return sets | {"test": pd.concat([test[test["unit_id"] < last], copy], ignore_index=True)}


def _copies(
    like: pd.DataFrame,
    units: np.ndarray[tuple[int], np.dtype[np.integer]],
    seed: pd.DataFrame,
    names: list[str],
    stretch: float,
    noise: float,
    rng: Generator,
) -> pd.DataFrame:
    lives = [life for _, life in seed.groupby("unit_id")]
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


def modes_permuted(sets: Sets, _seed: pd.DataFrame, _names: list[str], rng: Generator) -> Sets:
    """Failure modes change places among the units of a set."""
    spoilt = {}
    for split, frame in sets.items():
        modes = frame.groupby("unit_id")["failure_mode"].first()
        mixed = dict(zip(modes.index, rng.permutation(modes), strict=True))
        spoilt[split] = frame.assign(failure_mode=frame["unit_id"].map(mixed))
    return spoilt


def longer(sets: Sets, _seed: pd.DataFrame, _names: list[str], _rng: Generator) -> Sets:
    """Lives and RUL are 30 % too long."""
    spoilt = {}
    for split, frame in sets.items():
        step = time_step_of(frame)
        stretched = round(1.3 * step * TICKS_PER_HOUR) / TICKS_PER_HOUR
        hours = {name: frame[name] / step * stretched for name in ("cycle_hour", "rul_hours")}
        spoilt[split] = frame.assign(**hours)
    return spoilt


def independent_rows(sets: Sets, _seed: pd.DataFrame, names: list[str], rng: Generator) -> Sets:
    """Rows of validation and test set are in random order."""
    return sets | {
        split: sets[split].assign(
            **dict(zip(names, rng.permutation(sets[split][names].to_numpy()).T, strict=True))
        )
        for split in ("val", "test")
    }


def halfway(sets: Sets, _seed: pd.DataFrame, _names: list[str], _rng: Generator) -> Sets:
    """First halves of lives, which seem to fail at their end."""
    spoilt = {}
    for split, frame in sets.items():
        half = frame[frame["rul_hours"] >= frame["cycle_hour"]]
        last = half.groupby("unit_id")["rul_hours"].transform("min")
        spoilt[split] = half.assign(rul_hours=half["rul_hours"] - last).reset_index(drop=True)
    return spoilt


WAYS: dict[str, Spoil] = {
    "seed lives copied": copied(0.0, 0.0),
    "the same, stretched": copied(STRETCH, 0.0),
    "the same, with 2 % noise": copied(0.0, NOISE),
    "one life of the test set copied and stretched": one_copied,
    "failure modes permuted among units": modes_permuted,
    "time and RUL × 1.3": longer,
    "independent rows in val and test": independent_rows,
    "first halves of lives as whole ones": halfway,
}
