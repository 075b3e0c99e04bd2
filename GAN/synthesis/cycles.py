"""Cycles of the day and the week in a unit's readings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

#: Periods in hours: a day, half a day, a week.
PERIODS = (24.0, 12.0, 168.0)
#: A period is looked for if it has at least this many rows, and a usual life this many periods.
FEWEST_ROWS, FEWEST_PERIODS = 4, 6
#: A sensor follows cycles that explain at least this share of the variance of its noise more than
#: waves of other periods, longer by a factor, do. Slow noise follows waves of any period a little.
EXPLAINED, OTHER = 0.1, 1.3


def cycle_periods(step_hours: float, usual_life_hours: float) -> tuple[float, ...]:
    """Periods that readings at a time step can show."""
    return tuple(
        period
        for period in PERIODS
        if period >= FEWEST_ROWS * step_hours and usual_life_hours >= FEWEST_PERIODS * period
    )


def waves(hours: Matrix, periods: tuple[float, ...]) -> Matrix:
    """Cosine and sine of each period.

    Args:
        hours: Hours since the unit began, shape (rows,).
        periods: Hours.

    Returns:
        Shape (rows, 2 * periods).
    """
    angles = 2.0 * np.pi * np.divide.outer(hours, np.asarray(periods, np.float64))
    return np.hstack([np.cos(angles), np.sin(angles)])


def fit_cycles(noise: Matrix, hours: Matrix, periods: tuple[float, ...]) -> tuple[Matrix, Matrix]:
    """Fit the cycles of a unit by least squares.

    Args:
        noise: Readings without the course, shape (rows, sensors).
        hours: Hours since the unit began, shape (rows,).
        periods: Hours.

    Returns:
        Amplitude of each of the `waves`, shape (2 * periods, sensors), and the share of the
        variance that they explain more than waves of other periods, shape (sensors,).
    """
    amplitudes, left = _fitted(noise, waves(hours, periods))
    _, usual = _fitted(noise, waves(hours, tuple(OTHER * period for period in periods)))
    return amplitudes, np.asarray((usual - left) / np.maximum(noise.var(axis=0), 1e-12))


def _fitted(noise: Matrix, shape: Matrix) -> tuple[Matrix, Matrix]:
    """Amplitudes, and the variance that is left of each sensor."""
    # By the pseudoinverse: a unit may have fewer rows than there are waves.
    amplitudes = np.asarray(np.linalg.pinv(shape.T @ shape) @ (shape.T @ noise), np.float64)
    return amplitudes, np.asarray((noise - shape @ amplitudes).var(axis=0))
