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
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from GAN.synthesis.cycles import waves
from GAN.synthesis.piecewise import corner_shares
from GAN.synthesis.unit_distribution import UnitDistribution
from GAN.tvae.columns import Numbers

Matrix = NDArray[np.float64]
Rows = NDArray[np.int64]

#: Most rows of a stretch of noise. Within it, noise follows itself as in the known unit.
STRETCH = 30
#: A stretch has at least so many times the rows that the slowest noise remembers. Where two of them
#: meet, the memory is lost, so autocorrelation falls by at most one over this.
MEMORIES = 5
#: A stretch comes from the same stage of life, give or take this share of it.
SHIFT = 0.02
#: The next stretch begins within this share of the known unit's life, at one of so many rows that
#: are most like the row before it.
NEAR, MATCHES = 0.1, 4
#: Least lag-1 autocorrelation of noise with a memory.
MEMORY = 0.3


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
        units: How units differ from it.
        noise: Noise of these units, unit by unit, shape (rows, sensors).
        noise_ends: Index behind the last row of each unit, shape (units,); units whose noise was
            not kept have no rows.
        regimes: Operating regime of each row of the noise, shape (rows,).
        settings: The settings of that regime as they were read, shape (rows, settings).
        periods: Hours of the cycles that units follow; mostly none.
        cycles: Amplitude of each unit's cycles, shape (units, 2 * periods, sensors).
        step_hours: Time step of the noise; 0: that of the new units.
    """

    failure_mode: str
    curve: Matrix
    units: UnitDistribution
    noise: NDArray[np.float32]
    noise_ends: NDArray[np.int64]
    regimes: NDArray[np.int8]
    settings: Matrix
    periods: tuple[float, ...]
    cycles: Matrix
    step_hours: float

    def drawn(self, life: Life, rng: np.random.Generator) -> Drawn:
        """Draw the readings of a new unit."""
        new = self.units.drawn(life.hours, rng)
        shares = corner_shares(life.places, len(self.curve))
        unit = self._noise_unit(new.weights, len(life.places) * self._steps(life), rng)
        rows = self._noise_rows(unit, life, rng)
        readings = shares @ (self.curve + new.curve) + self.noise[rows]
        if self.periods:
            readings += waves(life.times, self.periods) @ self.cycles[unit]
        return Drawn(readings, self.regimes[rows], self.settings[rows])

    def _noise_unit(self, weights: Matrix, rows: int, rng: np.random.Generator) -> int:
        """Unit whose noise a new unit gets.

        It is more likely one that the new unit resembles, as units differ in their noise, and one
        that lived long enough: a short life would repeat its few rows of noise in a long one.

        Args:
            weights: Share of each unit in the new one, shape (units,).
            rows: Rows of noise that the new unit takes.
            rng: Draws the unit.
        """
        size = np.diff(self.noise_ends, prepend=0)
        enough = np.minimum(size / rows, 1.0)
        chance = np.square(enough) * (np.square(weights) + 1e-9)
        return int(rng.choice(len(size), p=chance / chance.sum()))

    def _noise_rows(self, unit: int, life: Life, rng: np.random.Generator) -> Rows:
        """Rows of a unit's noise, in stretches from about the same stages of life.

        With a larger time step than the noise's, they are as many steps apart.
        """
        size = int(np.diff(self.noise_ends, prepend=0)[unit])
        apart = self._steps(life)
        rows = max(1, min(self._stretch, size // apart))
        stages = life.places[::rows] + rng.uniform(-SHIFT, SHIFT, len(life.places[::rows]))
        first = np.clip(stages, 0.0, 1.0) * max(size - rows * apart, 0)
        start = np.floor(first).astype(int)
        begin = int(self.noise_ends[unit]) - size
        self._join(start, rows * apart, slice(begin, begin + size), rng)
        index = (start[:, None] + apart * np.arange(rows)).ravel()[: len(life.places)]
        return begin + np.asarray(np.minimum(index, size - 1))

    def _steps(self, life: Life) -> int:
        """Steps of the noise in a step of a life."""
        if self.step_hours == 0.0 or len(life.times) < 2:
            return 1
        return max(1, round(float(life.times[1] - life.times[0]) / self.step_hours))

    def _join(self, start: Rows, rows: int, unit: slice, rng: np.random.Generator) -> None:
        """Move each stretch to a row that could follow the last one of the stretch before it.

        It follows a row of the same regime, so a regime lasts as long as it does among known units.
        Where readings follow the day, it follows one of the same hour, give or take a row, with
        similar noise (a matched-block bootstrap, Carlstein et al., Bernoulli 4, 1998).

        Args:
            start: First row of each stretch; changed in place.
            rows: Rows from the first one of a stretch to the first one of the next.
            unit: Rows of the unit's noise.
            rng: Draws one of the most similar rows.
        """
        noise, regimes = self.noise[unit] * self._memory, self.regimes[unit]
        if not (self._memory.any() or self.settings.shape[1]):
            return
        size = len(noise)
        followed = np.arange(max(size - rows, 0))  # A stretch can begin behind each of these rows.
        day = round(24.0 / self.step_hours) if self.periods else 1
        for number in range(1, len(start)):
            before = min(start[number - 1] + rows, size) - 1
            alike = followed[regimes[followed] == regimes[before]]
            later = (alike - before) % day
            if (same_hour := np.minimum(later, day - later) <= 1).any():
                alike = alike[same_hour]
            if len(alike) == 0:
                continue
            away = np.abs(alike + 1 - start[number])
            near = alike[away <= max(int(NEAR * size), away.min())]
            unlike = np.square(noise[near] - noise[before]).sum(axis=1)
            best = np.lexsort((np.abs(near + 1 - start[number]), unlike))[:MATCHES]
            start[number] = 1 + near[rng.choice(best)]

    @cached_property
    def _stretch(self) -> int:
        """Rows of a stretch: as few as the memory of the noise allows.

        Units are few, so their noise comes back in many new units at the same stage of life. In
        long stretches, a learner would know it by heart.
        """
        slowest = float(self._lag1[0].max(initial=0.0))
        return min(STRETCH, max(MEMORIES, round(MEMORIES / max(1.0 - slowest, 1e-12))))

    @cached_property
    def _lag1(self) -> tuple[Matrix, Matrix]:
        """Lag-1 autocorrelation of the noise and its variance, each of shape (sensors,)."""
        units = [part for part in np.split(self.noise, self.noise_ends[:-1]) if len(part) > 1]
        if not units:
            return np.zeros(self.noise.shape[1]), np.zeros(self.noise.shape[1])
        variance = np.mean([part.var(axis=0) for part in units], axis=0)
        steps = np.mean([np.square(np.diff(part, axis=0)).mean(axis=0) for part in units], axis=0)
        still = variance <= 1e-12
        return np.where(still, 0.0, 1.0 - steps / np.where(still, 1.0, 2.0 * variance)), variance

    @cached_property
    def _memory(self) -> Matrix:
        """Scale on which noise is compared, shape (sensors,); 0 for a sensor without memory.

        Only noise around cycles is compared: it has shifts and starts. On measured lives without
        cycles, matching changed the noise and helped no judge. A difference counts relative to
        what a row adds to the one before it, so slow noise counts most. White noise has no memory:
        matched, it would follow itself.
        """
        if not self.periods:
            return np.zeros(self.noise.shape[1])
        follows, variance = self._lag1
        kept = np.where(follows >= MEMORY, np.minimum(follows, 0.99), 0.0)
        return np.asarray(kept / np.sqrt(np.maximum(variance * (1.0 - kept**2), 1e-12)))


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
