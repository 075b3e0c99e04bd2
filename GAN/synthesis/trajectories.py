"""Degradation trajectories: the course of whole lives, and the noise around it.

The course of a unit is one curve for each sensor, from new to failed. New courses are the mean
course of the failure mode plus a random combination of the deviations of known units. This is a
functional principal component analysis (Ramsay and Silverman, Functional Data Analysis, 2005) with
scores from a smoothed bootstrap of known units: sensors, stages of life and the length of life vary
together as they do among the known units. The noise of a new unit is made of short stretches of one
known unit's noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from GAN.synthesis.cycles import waves
from GAN.synthesis.piecewise import corner_shares
from GAN.tvae.columns import Numbers

Matrix = NDArray[np.float64]
Rows = NDArray[np.int64]

#: Rows of a stretch of noise. Within it, noise follows itself as in the known unit.
STRETCH = 30
#: A stretch comes from the same stage of life, give or take this share of it.
SHIFT = 0.02
#: Known units that say nothing about how courses depend on the length of life. A few units seem to
#: show a relation where there is none.
LIFE_PRIOR_UNITS = 1.0
#: Units differ mainly in so many ways, which decides how near a new unit is to a known one
#: (Silverman, Density Estimation for Statistics and Data Analysis, 1986, sections 4.3 and 6.4).
DIRECTIONS = 2.0
#: A life counts as at most this many standard deviations longer or shorter than the mean one.
MOST_UNUSUAL_LIFE = 2.5


class Life(NamedTuple):
    """A planned life.

    Attributes:
        places: Fraction of life of each row, shape (rows,).
        hours: Its length.
        times: Hours since it began of each row, shape (rows,).
    """

    places: Matrix
    hours: float
    times: Matrix


class Drawn(NamedTuple):
    """Rows of new units.

    Attributes:
        readings: Shape (rows, sensors).
        regimes: Operating regime of each row, shape (rows,).
        settings: The settings of that regime, shape (rows, settings).
    """

    readings: Matrix
    regimes: NDArray[np.int8]
    settings: Matrix

    @classmethod
    def of_one_regime(cls, readings: Matrix) -> Self:
        """Rows of a machine without operating regimes."""
        return cls(readings, np.zeros(len(readings), np.int8), np.empty((len(readings), 0)))


@dataclass(frozen=True)
class DegradationTrajectory:
    """The course of units of one failure mode, at the corners of `corner_shares`.

    Attributes:
        failure_mode: The failure mode.
        curve: Readings of the mean unit without noise, shape (corners, sensors).
        deviations: Deviations of known units from the mean unit of their mode, divided by the root
            of the degrees of freedom; shape (units, corners, sensors).
        log_life: Mean logarithm of the known lives in hours.
        life_deviations: Deviations of the logarithm of each unit's life, divided likewise, shape
            (units,).
        noise: Noise of these units, unit by unit, shape (rows, sensors).
        noise_ends: Index behind the last row of each unit, shape (units,); units whose noise was
            not kept have no rows.
        regimes: Operating regime of each row of the noise, shape (rows,).
        settings: The settings of that regime as they were read, shape (rows, settings).
        periods: Hours of the cycles that units follow; mostly none.
        cycles: Amplitude of each unit's cycles, shape (units, 2 * periods, sensors).
    """

    failure_mode: str
    curve: Matrix
    deviations: Matrix
    log_life: float
    life_deviations: Matrix
    noise: NDArray[np.float32]
    noise_ends: NDArray[np.int64]
    regimes: NDArray[np.int8]
    settings: Matrix
    periods: tuple[float, ...]
    cycles: Matrix

    def drawn(self, life: Life, rng: np.random.Generator) -> Drawn:
        """Draw the readings of a new unit."""
        weights = self._weights(life.hours, rng)
        curve = self.curve + np.tensordot(weights, self.deviations, 1)
        shares = corner_shares(life.places, len(curve))
        unit = self._noise_unit(weights, rng)
        rows = self._noise_rows(unit, life.places, rng)
        readings = shares @ curve + self.noise[rows]
        if self.periods:
            readings += waves(life.times, self.periods) @ self.cycles[unit]
        return Drawn(readings, self.regimes[rows], self.settings[rows])

    def _weights(self, hours: float, rng: np.random.Generator) -> Matrix:
        """Weight of each known unit's deviation, given the length of life.

        A known unit with about this life is drawn, moved towards the mean unit, and deviates from
        there, so that means and variances stay those of known units: a smoothed bootstrap. More
        known units show more of how units are grouped, so new ones stay nearer to one of them.
        """
        units = len(self.deviations)
        spread = units ** (-1.0 / (DIRECTIONS + 4.0))
        kept = np.sqrt((1.0 - spread**2) * (units - 1))
        whole = float(np.square(self.life_deviations).sum())
        doubt = LIFE_PRIOR_UNITS * whole / units
        variance = max(spread**2 * whole + doubt, 1e-12)
        limit = MOST_UNUSUAL_LIFE * np.sqrt(whole)
        unusual = float(np.clip(np.log(max(hours, 1e-9)) - self.log_life, -limit, limit))
        away = unusual - kept * self.life_deviations
        chance = np.exp(-np.square(away) / (2.0 * variance))
        weights = spread * rng.standard_normal(units)
        weights[rng.choice(units, p=chance / chance.sum())] += kept
        missing = unusual - self.life_deviations @ weights - np.sqrt(doubt) * rng.standard_normal()
        return np.asarray(weights + spread**2 * self.life_deviations * missing / variance)

    def _noise_unit(self, weights: Matrix, rng: np.random.Generator) -> int:
        """Unit whose noise a new unit gets.

        It is more likely one that the new unit resembles, as units differ in their noise.
        """
        size = np.diff(self.noise_ends, prepend=0)
        chance = np.where(size > 0, np.square(weights) + 1e-9, 0.0)
        return int(rng.choice(len(size), p=chance / chance.sum()))

    def _noise_rows(self, unit: int, places: Matrix, rng: np.random.Generator) -> Rows:
        """Rows of a unit's noise, in stretches from about the same stages of life."""
        size = np.diff(self.noise_ends, prepend=0)
        rows = min(STRETCH, size[unit])
        stages = places[::rows] + rng.uniform(-SHIFT, SHIFT, len(places[::rows]))
        first = np.clip(stages, 0.0, 1.0) * (size[unit] - rows)
        start = self.noise_ends[unit] - size[unit] + np.floor(first).astype(int)
        if self.settings.shape[1]:
            self._join(start, rows, self.noise_ends[unit] - size[unit], self.noise_ends[unit])
        return np.asarray((start[:, None] + np.arange(rows)).ravel()[: len(places)])

    def _join(self, start: Rows, rows: int, begin: int, end: int) -> None:
        """Move each stretch to the nearest row that follows the regime before it.

        So a regime lasts as long as it does among known units.

        Args:
            start: First row of each stretch; changed in place.
            rows: Rows of a stretch.
            begin: First row of the unit's noise.
            end: The row behind its last one.
        """
        regime = self.regimes[begin : end - rows]  # Of rows that a stretch can follow.
        for number in range(1, len(start)):
            before = self.regimes[start[number - 1] + rows - 1]
            follows = begin + 1 + np.flatnonzero(regime == before)
            if len(follows):
                start[number] = follows[np.abs(follows - start[number]).argmin()]


@dataclass(frozen=True)
class DegradationTrajectories:
    """The courses of a machine's units.

    Attributes:
        sensors: Names of the sensors.
        trajectories: One for each failure mode that ends a known unit.
    """

    sensors: tuple[str, ...]
    trajectories: tuple[DegradationTrajectory, ...]

    @property
    def failure_modes(self) -> list[str]:
        """Failure modes that end known units."""
        return [trajectory.failure_mode for trajectory in self.trajectories]

    def drawn(
        self,
        columns: Sequence[Numbers],
        failure_mode: str,
        lives: Sequence[Life],
        rng: np.random.Generator,
    ) -> Drawn:
        """Draw readings of new units that end by a failure mode.

        Args:
            columns: Scale and possible values of each sensor.
            failure_mode: One of `failure_modes`.
            lives: The planned lives.
            rng: Draws the courses and the noise.

        Returns:
            The rows of all lives.
        """
        trajectory = next(each for each in self.trajectories if each.failure_mode == failure_mode)
        units = [trajectory.drawn(life, rng) for life in lives]
        scaled, regimes, settings = (np.concatenate(part) for part in zip(*units, strict=True))
        readings = np.column_stack(
            [_reading(column, scaled[:, index]) for index, column in enumerate(columns)]
        )
        return Drawn(readings, regimes, settings)


def _reading(column: Numbers, scaled: Matrix) -> Matrix:
    return column.from_channel(scaled) if column.tied else column.possible(scaled)
