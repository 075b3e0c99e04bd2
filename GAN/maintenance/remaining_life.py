"""The distribution of remaining useful life between and beyond its quantiles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from GAN.prognosis.condition.sensors import Floats
from GAN.prognosis.heads.error_distribution import LEVELS

#: Probability of each piece between two edges, shape (len(LEVELS) + 1,).
_MASS: Floats = np.diff(np.concatenate([[0.0], LEVELS, [1.0]]))


@dataclass(frozen=True)
class RemainingLives:
    """RUL of units, spread evenly between the edges of pieces.

    Between two quantiles it is what `probability_within` says. The piece beyond an outer quantile
    is as long as the piece next to it, but none begins before 0.

    Attributes:
        edges: Edges of the pieces, hours, ascending, shape (units, len(LEVELS) + 2).
    """

    edges: Floats

    @classmethod
    def of_quantiles(cls, quantiles: Floats) -> RemainingLives:
        """From quantiles at `LEVELS`, hours, shape (units, len(LEVELS))."""
        shortest = np.maximum(2.0 * quantiles[:, 0] - quantiles[:, 1], 0.0)
        longest = 2.0 * quantiles[:, -1] - quantiles[:, -2]
        return cls(np.column_stack([shortest, quantiles, longest]))

    def probability_within(self, hours: Floats) -> Floats:
        """Probability that each unit fails within its `hours`, shape (units,)."""
        low, high = self.edges[:, :-1], self.edges[:, 1:]
        length, limit = high - low, hours[:, None]
        part = np.clip((limit - low) / np.where(length > 0, length, 1.0), 0.0, 1.0)
        return np.asarray(np.where(length > 0, part, limit >= high) @ _MASS)

    def mean_hours_beyond(self, hours: Floats) -> Floats:
        """Mean of the RUL beyond each unit's `hours`, 0 if it fails before, shape (units,)."""
        beyond = np.maximum(self.edges - hours[:, None], 0.0)
        low, high = beyond[:, :-1], beyond[:, 1:]
        length = np.diff(self.edges, axis=1)
        # Of a piece that is cut, only the share beyond `hours` counts.
        share = np.where(length > 0, (high - low) / np.where(length > 0, length, 1.0), 1.0)
        return np.asarray((share * (low + high) / 2.0) @ _MASS)
