"""How units of a machine differ: in the course of all sensors, and in how long they live.

Deviations of courses are drawn by a smoothed bootstrap (Silverman, Density Estimation for
Statistics and Data Analysis, 1986, sections 4.3 and 6.4), given the length of life. Units may
differ in kind: then they deviate from the mean unit of their group.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from GAN.synthesis.grouping import grouped

Matrix = NDArray[np.float64]

#: Units of a group differ mainly in so many ways, which decides how near a new unit is to a known
#: one.
DIRECTIONS = 2.0
#: Known units that say nothing about how courses depend on the length of life. A few units seem to
#: show a relation where there is none.
LIFE_PRIOR_UNITS = 1.0
#: A life counts as at most this many standard deviations longer or shorter than the mean one.
MOST_UNUSUAL_LIFE = 2.5


class NewUnit(NamedTuple):
    """A unit that was drawn.

    Attributes:
        curve: Deviation from the mean unit, shape (corners, sensors).
        weights: Weight of each known unit's deviation in it, shape (units,).
    """

    curve: Matrix
    weights: Matrix


@dataclass(frozen=True)
class UnitDistribution:
    """How known units deviate from the mean unit.

    Attributes:
        groups: Group of each known unit, shape (units,).
        group_curves: Deviation of each group's mean unit, shape (groups, corners, sensors).
        group_lives: Mean logarithm of each group's lives in hours, shape (groups,).
        deviations: Deviations of units from the mean unit of their group, divided by the root of
            the degrees of freedom, shape (units, corners, sensors).
        life_deviations: Deviations of the logarithm of each unit's life, divided likewise, shape
            (units,).
    """

    groups: NDArray[np.intp]
    group_curves: Matrix
    group_lives: Matrix
    deviations: Matrix
    life_deviations: Matrix

    @classmethod
    def of_units(cls, deviations: Matrix, log_lives: Matrix, freedom: int) -> Self:
        """Learn from known units.

        Args:
            deviations: Deviations of each unit from the mean unit, shape (units, corners, sensors).
            log_lives: Logarithm of each life in hours, shape (units,).
            freedom: Units less means that were estimated from them.
        """
        groups = grouped(deviations.mean(axis=1))
        count = int(groups.max()) + 1
        curves = np.array([deviations[groups == group].mean(axis=0) for group in range(count)])
        lives = np.array([log_lives[groups == group].mean() for group in range(count)])
        scale = np.sqrt(max(freedom - count + 1, 1))
        return cls(
            groups,
            curves,
            lives,
            (deviations - curves[groups]) / scale,
            (log_lives - lives[groups]) / scale,
        )

    def drawn(self, hours: float, rng: np.random.Generator) -> NewUnit:
        """Draw a unit that lives for some hours."""
        known = self._known_unit(hours, rng)
        weights = self._weights(known, hours, rng)
        own = np.tensordot(weights, self.deviations, 1)
        return NewUnit(self.group_curves[self.groups[known]] + own, weights)

    @property
    def _spread(self) -> float:
        """How far new units are from a known one, relative to how far known ones are apart."""
        return float(len(self.deviations) ** (-1.0 / (DIRECTIONS + 4.0)))

    @property
    def _kept(self) -> float:
        """Weight of the deviation of the known unit that a new one is near."""
        freedom = len(self.deviations) - len(self.group_lives)
        return float(np.sqrt((1.0 - self._spread**2) * max(freedom, 0)))

    @property
    def _doubt(self) -> float:
        """Variance of the logarithm of life that a few known units leave unexplained."""
        whole = float(np.square(self.life_deviations).sum())
        return LIFE_PRIOR_UNITS * whole / len(self.life_deviations)

    @property
    def _life_variance(self) -> float:
        """Variance of the logarithm of life around that of a known unit; above 0."""
        whole = float(np.square(self.life_deviations).sum())
        return max(self._spread**2 * whole + self._doubt, 1e-12)

    def _known_unit(self, hours: float, rng: np.random.Generator) -> int:
        """Draw a known unit, more likely one with about this life."""
        longer = np.log(max(hours, 1e-9)) - self.group_lives[self.groups]
        away = np.square(longer - self._kept * self.life_deviations) / (2 * self._life_variance)
        chance = np.exp(away.min() - away)
        return int(rng.choice(len(chance), p=chance / chance.sum()))

    def _weights(self, known: int, hours: float, rng: np.random.Generator) -> Matrix:
        """Weight of each known unit's deviation, given the length of life, shape (units,).

        A known unit, moved towards the mean unit of its group, deviates from there, so that means
        and variances stay those of known units: a smoothed bootstrap. More known units show more of
        how units are spread, so new ones stay nearer to one of them.
        """
        weights = self._spread * rng.standard_normal(len(self.deviations))
        weights[known] += self._kept
        limit = MOST_UNUSUAL_LIFE * np.sqrt(np.square(self.life_deviations).sum())
        longer = np.log(max(hours, 1e-9)) - self.group_lives[self.groups[known]]
        missing = np.clip(longer, -limit, limit) - self.life_deviations @ weights
        missing -= np.sqrt(self._doubt) * rng.standard_normal()
        gain = self._spread**2 * self.life_deviations / self._life_variance
        return np.asarray(weights + gain * missing)
