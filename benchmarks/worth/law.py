"""A simulated law that has what plants have: regimes, two failure modes and unit effects.

It shares no code with the product's simulation, so the product cannot know it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.worth.lives import life, numbered
from GAN.prognosis.condition.sensors import Floats

UNITS, MEAN_LIFE = 100, 220.0
REGIMES, SENSORS, SETTINGS = 6, 8, 2
#: Share of rows after which a regime goes on.
_STAYS = 0.8
#: Logarithmic spread of life, of how steep a decline is, and of how far it has gone at the end.
_LIFE_SPREAD, _STEEPNESS_SPREAD, _END_SPREAD = 0.3, 0.35, 0.12
#: Sensors differ between new units by this many standard deviations of noise, and share this much
#: of the difference; lives of units that begin worn are shorter.
_EFFECT, _SHARED, _LIFE_BY_EFFECT = 1.0, 0.7, -0.4
#: Noise follows itself by this much from row to row.
_AR1 = 0.3
#: Wear of each sensor at the end in each mode, in standard deviations of noise.
_WEAR: Floats = np.array([[6, 4, 3, -5, 0, 0, 0, 0], [0, 3, 0, -4, 6, 5, -3, 0]], dtype=np.float64)
MODES = ("bearing", "seal")


def law(units: int = UNITS, seed: int = 5) -> pd.DataFrame:
    """Lives of the law, a row an hour, in the columns of a seed.

    Args:
        units: Number of lives.
        seed: Random seed of the units; the law itself is the same for all.
    """
    regimes = np.random.default_rng(0)
    levels = regimes.normal(0.0, 8.0, (REGIMES, SENSORS))
    gains = np.exp(regimes.normal(0.0, 0.3, (REGIMES, SENSORS)))
    settings = regimes.permutation(REGIMES * SETTINGS).reshape(REGIMES, SETTINGS).astype(float)
    rng = np.random.default_rng(seed)
    return numbered(_life(levels, gains, settings, rng) for _ in range(units))


def _life(
    levels: Floats, gains: Floats, settings: Floats, rng: np.random.Generator
) -> pd.DataFrame:
    shared = rng.normal()
    effect = _EFFECT * (np.sqrt(_SHARED) * shared + np.sqrt(1 - _SHARED) * rng.normal(size=SENSORS))
    spread = _LIFE_SPREAD * (
        _LIFE_BY_EFFECT * shared + np.sqrt(1 - _LIFE_BY_EFFECT**2) * rng.normal()
    )
    rows = max(30, round(MEAN_LIFE * np.exp(spread)))
    mode = int(rng.integers(len(MODES)))
    fraction = np.arange(rows) / (rows - 1)
    steepness = 2.5 * np.exp(_STEEPNESS_SPREAD * rng.normal())
    wear = np.exp(_END_SPREAD * rng.normal()) * fraction**steepness
    regime = _regimes(rows, rng)
    noise = _noise(rows, rng)
    readings = levels[regime] + gains[regime] * (effect + wear[:, None] * _WEAR[mode] + noise)
    frame = pd.DataFrame(readings, columns=[f"sensor_{number + 1}" for number in range(SENSORS)])
    for number in range(SETTINGS):
        frame[f"setting_{number + 1}"] = settings[regime, number]
    return life(np.arange(rows, dtype=np.float64), rows - 1.0, MODES[mode], frame)


def _regimes(rows: int, rng: np.random.Generator) -> np.ndarray:
    """A chain that mostly stays in its regime, else jumps to any."""
    jumps = rng.random(rows) >= _STAYS
    jumps[0] = True
    return np.asarray(rng.integers(REGIMES, size=int(jumps.sum()))[np.cumsum(jumps) - 1])


def _noise(rows: int, rng: np.random.Generator) -> Floats:
    from scipy.signal import lfilter

    white = rng.normal(size=(rows, SENSORS))
    start = white[:1] * (1 / np.sqrt(1 - _AR1**2))
    white = np.vstack([start, white[1:]]) * np.sqrt(1 - _AR1**2)
    return np.asarray(lfilter([1.0], [1.0, -_AR1], white, axis=0))
