"""Learn degradation trajectories from known units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from GAN.synthesis.cycles import EXPLAINED, cycle_periods, fit_cycles, waves
from GAN.synthesis.piecewise import corner_shares, corners_for, fit_curve
from GAN.synthesis.trajectories import (
    DegradationTrajectories,
    DegradationTrajectory,
    Drawn,
    Matrix,
    Rows,
)
from GAN.synthesis.unit_distribution import UnitDistribution
from GAN.synthesis.unit_effects import FEWEST_UNITS
from GAN.tvae.columns import Numbers

#: Units keep their noise until they have so many rows of it together.
MOST_NOISE_ROWS = 50_000


@dataclass(frozen=True)
class _Unit:
    """A known unit.

    Attributes:
        failure_mode: Its failure mode.
        curve: Its course.
        noise: Its readings without the course, and their regimes.
        times: Hours since it began of each row.
        log_life: Logarithm of its life in hours.
        cycles: Amplitudes of its cycles.
    """

    failure_mode: str
    curve: Matrix
    noise: Drawn
    times: Matrix
    log_life: float
    cycles: Matrix


def fit_trajectories(
    columns: Sequence[Numbers],
    readings: Drawn,
    places: Matrix,
    units: NDArray[np.integer],
    failure_modes: NDArray[np.object_],
    hours: Matrix,
) -> DegradationTrajectories:
    """Learn the courses of known units.

    The rows of a unit must be consecutive, from new to failed.

    Args:
        columns: Scale and possible values of each sensor.
        readings: Their rows.
        places: Fraction of life of each row, shape (rows,).
        units: Unit of each row, shape (rows,).
        failure_modes: Failure mode of each row's unit, shape (rows,).
        hours: Length of the life of each row's unit, shape (rows,).
    """
    rng = np.random.default_rng(0)
    scaled = np.column_stack(
        [_scaled(column, readings.readings[:, index], rng) for index, column in enumerate(columns)]
    )
    _, first, count = np.unique(units, return_index=True, return_counts=True)
    corners = corners_for(float(np.median(count)))
    every_step = np.diff(places * hours)
    step = float(np.median(every_step[every_step > 0.0])) if len(places) > 1 else 0.0
    periods = cycle_periods(step, float(np.median(hours[first])))
    known: list[_Unit] = []
    shares_explained: list[Matrix] = []
    for start, rows in zip(first, count, strict=True):
        row = slice(start, start + rows)
        shares = corner_shares(places[row], corners)
        curve = fit_curve(shares, scaled[row])
        left = scaled[row] - shares @ curve
        noise = Drawn(left, readings.regimes[row], readings.settings[row])
        times, log_life = places[row] * hours[start], float(np.log(hours[start]))
        cycles, explained = fit_cycles(left, times, periods)
        known.append(_Unit(str(failure_modes[start]), curve, noise, times, log_life, cycles))
        shares_explained.append(explained)
    follows = np.mean(shares_explained, axis=0) >= EXPLAINED
    if not follows.any():
        periods = ()
    known = [_without_cycles(unit, follows, periods) for unit in known]
    means = {
        mode: np.mean([unit.curve for unit in known if unit.failure_mode == mode], axis=0)
        for mode in sorted({unit.failure_mode for unit in known})
    }
    return DegradationTrajectories(
        tuple(column.name for column in columns),
        tuple(_trajectory(mode, means, known, periods, step) for mode in means),
    )


def _without_cycles(unit: _Unit, follows: NDArray[np.bool_], periods: tuple[float, ...]) -> _Unit:
    """The unit with the cycles of sensors that follow them, and its noise without these."""
    cycles = unit.cycles[: 2 * len(periods)] * follows
    left = unit.noise.readings - waves(unit.times, periods) @ cycles
    return replace(unit, noise=unit.noise._replace(readings=left), cycles=cycles)


def _trajectory(
    mode: str,
    means: dict[str, Matrix],
    known: Sequence[_Unit],
    periods: tuple[float, ...],
    step_hours: float,
) -> DegradationTrajectory:
    units = [unit for unit in known if unit.failure_mode == mode]
    freedom = len(units) - 1
    if len(units) < FEWEST_UNITS:  # Too few to show how units differ: those of all modes do.
        units, freedom = list(known), len(known) - len(means)
    deviations = np.array([unit.curve - means[unit.failure_mode] for unit in units])
    lives = np.array([unit.log_life for unit in units])
    noise, ends = _kept([unit.noise for unit in units])
    return DegradationTrajectory(
        mode,
        means[mode],
        UnitDistribution.of_units(deviations, lives, freedom),
        noise.readings.astype(np.float32),
        ends,
        noise.regimes,
        noise.settings,
        periods,
        np.array([unit.cycles for unit in units]),
        step_hours,
    )


def _kept(noise: Sequence[Drawn]) -> tuple[Drawn, Rows]:
    """The noise of the first units, and `DegradationTrajectory.noise_ends`."""
    rows = np.array([len(unit.readings) for unit in noise])
    rows[(np.cumsum(rows) > MOST_NOISE_ROWS) & (np.arange(len(rows)) > 0)] = 0
    kept = [unit for unit, count in zip(noise, rows, strict=True) if count]
    return Drawn(*(np.concatenate(part) for part in zip(*kept, strict=True))), np.cumsum(rows)


def _scaled(column: Numbers, numbers: Matrix, rng: np.random.Generator) -> Matrix:
    """Readings on the scale on which courses are learnt.

    It is the sensor's own scale, except where values repeat: an atom has noise only on the
    channel's scale.
    """
    return column.to_channel(numbers, rng) if column.tied else numbers
