"""Planned lives: how many units there are, how long each lasts, and its failure mode."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from GAN.datasets.run_to_failure import TICKS_PER_HOUR
from GAN.profiles.profile import FailureMode, MachineProfile
from GAN.simulation.lifetime_distribution import LifetimeDistribution, draw_lives

if TYPE_CHECKING:
    import pandas as pd


#: Fewest rows of a life: the first one and the failure.
MIN_ROWS_PER_LIFE = 2


@dataclass(frozen=True)
class Lives:
    """Run-to-failure lives that share one time step.

    Attributes:
        rows: Rows of each unit.
        failure_modes: Failure mode of each unit, of the same length.
        time_step_hours: Hours from one row to the next, a multiple of 1/4096 h.
    """

    rows: tuple[int, ...]
    failure_modes: tuple[str, ...]
    time_step_hours: float

    @property
    def hours(self) -> tuple[float, ...]:
        """Length of each life in hours: its first RUL."""
        return tuple((rows - 1) * self.time_step_hours for rows in self.rows)


def plan_lives(profile: MachineProfile, rows: int, units: int, rng: np.random.Generator) -> Lives:
    """Plan lives that fill a table of a given length.

    Args:
        profile: Gives the longest life, the Weibull shape and the failure modes.
        rows: Rows of the table, at least two per unit.
        units: Number of lives.
        rng: Draws the lives and the order of the failure modes.

    Returns:
        Lives whose rows sum to exactly `rows`, in proportion to lives drawn from the Weibull
        distribution; none exceeds `max_rul_hours`.
    """
    lives = draw_lives(profile.life, units, rng)
    most_ticks = math.floor(profile.life.max_rul_hours * TICKS_PER_HOUR)
    ticks = max(1, math.floor(lives.sum() * TICKS_PER_HOUR / (rows - units)))
    while units * (most_ticks // ticks) < rows - units:
        ticks -= 1
    return Lives(
        rows=_apportion(rows, lives, MIN_ROWS_PER_LIFE, 1 + most_ticks // ticks),
        failure_modes=_allot(profile.failure_modes, units, rng),
        time_step_hours=ticks / TICKS_PER_HOUR,
    )


def plan_units_at_step(
    profile: MachineProfile, units: int, time_step_hours: float, rng: np.random.Generator
) -> Lives:
    """Plan a number of lives at a given time step, each drawn from the Weibull distribution.

    Args:
        profile: Gives the longest life, the Weibull shape and the failure modes.
        units: Number of lives.
        time_step_hours: Hours from row to row, a multiple of 1/4096 h.
        rng: Draws the lives and the order of the failure modes.
    """
    steps = np.floor(draw_lives(profile.life, units, rng) / time_step_hours)
    return Lives(
        rows=tuple(int(count) for count in np.maximum(1 + steps, MIN_ROWS_PER_LIFE)),
        failure_modes=_allot(profile.failure_modes, units, rng),
        time_step_hours=time_step_hours,
    )


def plan_lives_at_step(
    lifetimes: LifetimeDistribution,
    longest_hours: float,
    rows: int,
    time_step_hours: float,
    failure_modes: Sequence[FailureMode],
    rng: np.random.Generator,
) -> Lives:
    """Plan lives that fill a table of a given length at a given time step.

    Args:
        lifetimes: The distribution of the lives.
        longest_hours: No life is longer.
        rows: Rows of the table, at least two.
        time_step_hours: Hours from row to row, a multiple of 1/4096 h, at most half of
            `longest_hours`.
        failure_modes: The modes to draw from.
        rng: Draws the lives and the order of the failure modes.

    Returns:
        Lives with exactly `rows` rows in all, as many as gives them the mean of the distribution.
    """
    most = 1 + math.floor(longest_hours / time_step_hours)
    units = round(rows / rows_per_life(lifetimes, time_step_hours))
    units = min(max(units, math.ceil(rows / most)), rows // MIN_ROWS_PER_LIFE)
    lives = lifetimes.draw(units, rng)
    return Lives(
        rows=_apportion(rows, lives, MIN_ROWS_PER_LIFE, most),
        failure_modes=_allot(failure_modes, units, rng),
        time_step_hours=time_step_hours,
    )


def rows_per_life(lifetimes: LifetimeDistribution, time_step_hours: float) -> float:
    """Number of rows of a life of mean length."""
    return 1.0 + lifetimes.mean_hours / time_step_hours


def timeline(lives: Lives, first_unit: int = 1) -> pd.DataFrame:
    """The computed columns of a data set, one row per unit and time step.

    Args:
        lives: The lives, in order.
        first_unit: `unit_id` of the first life.

    Returns:
        Columns unit_id (int32), cycle_hour and rul_hours (float64, hours), failure_mode (str).
    """
    import pandas as pd

    rows = np.array(lives.rows)
    steps_lived = np.concatenate([np.arange(count) for count in lives.rows])
    steps_left = np.repeat(rows - 1, rows) - steps_lived
    return pd.DataFrame(
        {
            "unit_id": np.repeat(np.arange(len(rows), dtype=np.int32) + first_unit, rows),
            "cycle_hour": steps_lived * lives.time_step_hours,
            "rul_hours": steps_left * lives.time_step_hours,
            "failure_mode": np.repeat(np.array(lives.failure_modes, dtype=object), rows),
        }
    ).astype({"unit_id": np.int32})


def _apportion(total: int, weights: NDArray[np.float64], least: int, most: int) -> tuple[int, ...]:
    """Integers in [least, most], proportional to `weights`, whose sum is exactly `total`."""
    quotas = total * weights / weights.sum()
    counts = np.clip(np.floor(quotas), least, most)
    while (short := total - int(counts.sum())) != 0:
        step = 1 if short > 0 else -1
        room = counts < most if short > 0 else counts > least
        want = np.where(room, step * (quotas - counts), -np.inf)
        counts[np.argmax(want)] += step
    return tuple(int(count) for count in counts)


def _allot(modes: Sequence[FailureMode], units: int, rng: np.random.Generator) -> tuple[str, ...]:
    """A failure mode for each unit by share; each mode occurs if there are enough units."""
    shares = np.array([mode.share for mode in modes])
    if units < len(modes):
        chosen = rng.choice(len(modes), units, replace=False, p=shares / shares.sum())
    else:
        counts = _apportion(units, shares, 1, units)
        chosen = rng.permutation(np.repeat(np.arange(len(modes)), counts))
    return tuple(modes[index].name for index in chosen)
