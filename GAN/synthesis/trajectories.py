"""Degradation trajectories: the course of whole lives, and the noise around it.

The course of a unit is one curve for each sensor, from new to failed. New courses are the mean
course of the failure mode plus a random combination of the deviations of known units. This is a
functional principal component analysis (Ramsay and Silverman, Functional Data Analysis, 2005) with
normally distributed scores: sensors, stages of life and the length of life vary together as they do
among the known units. The noise of a new unit is made of short stretches of one known unit's noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from GAN.synthesis.piecewise import corner_shares, corners_for, fit_curve
from GAN.synthesis.unit_effects import FEWEST_UNITS
from GAN.tvae.columns import Numbers

Matrix = NDArray[np.float64]
Rows = NDArray[np.int64]

#: Rows of a stretch of noise. Within it, noise follows itself as in the known unit.
STRETCH = 30
#: A stretch comes from the same stage of life, give or take this share of it.
SHIFT = 0.02
#: Units keep their noise until they have so many rows of it together.
MOST_NOISE_ROWS = 50_000
#: Known units that say nothing about how courses depend on the length of life. A few units seem to
#: show a relation where there is none.
LIFE_PRIOR_UNITS = 1.0
#: A life counts as at most this many standard deviations longer or shorter than the mean one.
MOST_UNUSUAL_LIFE = 2.5


class Life(NamedTuple):
    """A planned life.

    Attributes:
        places: Fraction of life of each row, shape (rows,).
        hours: Its length.
    """

    places: Matrix
    hours: float


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

    def drawn(self, life: Life, rng: np.random.Generator) -> Drawn:
        """Draw the readings of a new unit."""
        weights = self._weights(life.hours, rng)
        curve = self.curve + np.tensordot(weights, self.deviations, 1)
        shares = corner_shares(life.places, len(curve))
        rows = self._noise_rows(life.places, weights, rng)
        return Drawn(shares @ curve + self.noise[rows], self.regimes[rows], self.settings[rows])

    def _weights(self, hours: float, rng: np.random.Generator) -> Matrix:
        """Weight of each known unit's deviation, normally distributed given the length of life."""
        weights = rng.standard_normal(len(self.deviations))
        variance = float(np.square(self.life_deviations).sum())
        if variance < 1e-12:
            return weights
        limit = MOST_UNUSUAL_LIFE * np.sqrt(variance)
        unusual = np.clip(np.log(max(hours, 1e-9)) - self.log_life, -limit, limit)
        doubt = LIFE_PRIOR_UNITS * variance / len(weights)
        missing = unusual - self.life_deviations @ weights - np.sqrt(doubt) * rng.standard_normal()
        return np.asarray(weights + self.life_deviations * missing / (variance + doubt))

    def _noise_rows(self, places: Matrix, weights: Matrix, rng: np.random.Generator) -> Rows:
        """Rows of one unit's noise, in stretches from about the same stages of life, shape (rows,).

        The unit is more likely one that the new unit resembles, as units differ in their noise.
        """
        size = np.diff(self.noise_ends, prepend=0)
        chance = np.where(size > 0, np.square(weights) + 1e-9, 0.0)
        unit = rng.choice(len(size), p=chance / chance.sum())
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


@dataclass(frozen=True)
class _Unit:
    """A known unit: failure mode, course, noise with its regimes and settings, log of its life."""

    failure_mode: str
    curve: Matrix
    noise: Drawn
    log_life: float


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
    known = []
    for start, rows in zip(first, count, strict=True):
        row = slice(start, start + rows)
        shares = corner_shares(places[row], corners)
        curve = fit_curve(shares, scaled[row])
        left = scaled[row] - shares @ curve
        noise = Drawn(left, readings.regimes[row], readings.settings[row])
        known.append(_Unit(str(failure_modes[start]), curve, noise, float(np.log(hours[start]))))
    means = {
        mode: np.mean([unit.curve for unit in known if unit.failure_mode == mode], axis=0)
        for mode in sorted({unit.failure_mode for unit in known})
    }
    return DegradationTrajectories(
        tuple(column.name for column in columns),
        tuple(_trajectory(mode, means, known) for mode in means),
    )


def _trajectory(
    mode: str, means: dict[str, Matrix], known: Sequence[_Unit]
) -> DegradationTrajectory:
    units = [unit for unit in known if unit.failure_mode == mode]
    freedom = len(units) - 1
    if len(units) < FEWEST_UNITS:  # Too few to show how units differ: those of all modes do.
        units, freedom = list(known), len(known) - len(means)
    scale = np.sqrt(max(freedom, 1))
    lives = np.array([unit.log_life for unit in units])
    noise, ends = _kept([unit.noise for unit in units])
    return DegradationTrajectory(
        mode,
        means[mode],
        np.array([unit.curve - means[unit.failure_mode] for unit in units]) / scale,
        float(lives.mean()),
        (lives - lives.mean()) / scale,
        noise.readings.astype(np.float32),
        ends,
        noise.regimes,
        noise.settings,
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


def _reading(column: Numbers, scaled: Matrix) -> Matrix:
    return column.from_channel(scaled) if column.tied else column.possible(scaled)
