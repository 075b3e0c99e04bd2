"""The most similar past lives of a row, and its strangeness: how unlike all of them it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from GAN.prognosis.condition.sensors import Floats
from GAN.prognosis.heads.boosting import equal_unit_weights, weighted_quantiles

#: How many similar lives are named; the distance to the last of them counts.
SIMILAR_LIVES = 3
#: Above this strangeness the predictor does not know the unit's condition.
STRANGE = 0.95
#: A strange row's interval is widened by at most this factor.
MOST_WIDENED = 3.0

_ROWS, _JUDGED_ROWS = 1_500, 400
_SHARES = np.linspace(0.0, 1.0, 101)


@dataclass(frozen=True)
class SimilarLife:
    """A past life that was once in a similar condition.

    Attributes:
        rul_hours: How long it then had left.
        failure_mode: How it failed.
    """

    rul_hours: float
    failure_mode: str


@dataclass(frozen=True)
class PastLives:
    """Rows of past lives, searched by distance.

    Attributes:
        spread: Standard deviation of each feature, shape (features,).
        rows: Features in units of it, shape (n, features).
        rul: Hours, shape (n,).
        units: Shape (n,).
        modes: Index of the failure mode, shape (n,).
        distances: Quantiles of the distance of unseen units' rows, shape (101,).
    """

    spread: Floats
    rows: NDArray[np.float32]
    rul: Floats
    units: NDArray[np.intp]
    modes: NDArray[np.intp]
    distances: Floats

    @classmethod
    def of(
        cls, rows: Floats, rul: Floats, units: NDArray[np.intp], modes: NDArray[np.intp]
    ) -> PastLives:
        """Keep some rows of whole lives; arguments as the attributes, with features unscaled."""
        filled = np.nan_to_num(rows)
        spread = np.maximum(filled.std(axis=0), 1e-9)
        kept = np.arange(0, len(rows), max(1, len(rows) // _ROWS))
        past = cls(
            spread,
            (filled[kept] / spread).astype(np.float32),
            rul[kept],
            units[kept],
            modes[kept],
            np.zeros(len(_SHARES)),
        )
        judged = np.arange(0, len(kept), max(1, len(kept) // _JUDGED_ROWS))
        distance = past._distances(past.rows[judged])
        own = past.units[judged][:, None] == past.units[None, :]
        nearest = np.array(
            [past._nearest(row)[1] for row in np.where(own, np.inf, distance)], dtype=np.float64
        )
        known = np.isfinite(nearest)
        if not known.any():
            return past
        weights = equal_unit_weights(past.units[judged][known])
        quantiles = weighted_quantiles(nearest[known], weights, _SHARES)
        return cls(past.spread, past.rows, past.rul, past.units, past.modes, quantiles)

    def compare(self, rows: Floats) -> tuple[Floats, Floats, NDArray[np.intp]]:
        """Find the most similar lives of each row.

        Args:
            rows: Features, shape (n, features).

        Returns:
            Strangeness: the share of unseen units' rows that are nearer to other lives, shape (n,);
            the factor by which an interval is to be widened, shape (n,); and the positions of the
            nearest row of each similar life, nearest first, shape (n, SIMILAR_LIVES).
        """
        distance = self._distances((np.nan_to_num(rows) / self.spread).astype(np.float32))
        found = [self._nearest(row) for row in distance]
        nearest = np.array([last for _, last in found], dtype=np.float64)
        positions = np.array([places for places, _ in found], dtype=np.intp)
        strangeness = np.interp(nearest, self.distances, _SHARES, left=0.0, right=1.0)
        limit = max(float(self.distances[round(100 * STRANGE)]), 1e-12)
        return strangeness, np.clip(nearest / limit, 1.0, MOST_WIDENED), positions

    def lives(self, positions: NDArray[np.intp], modes: tuple[str, ...]) -> list[SimilarLife]:
        """The lives at these positions, without repetitions."""
        _, first = np.unique(self.units[positions], return_index=True)
        return [
            SimilarLife(float(self.rul[at]), modes[self.modes[at]])
            for at in positions[np.sort(first)]
        ]

    def _distances(self, scaled: NDArray[np.float32]) -> NDArray[Any]:
        squares = (scaled**2).sum(axis=1)[:, None] + (self.rows**2).sum(axis=1)
        return np.asarray(np.sqrt(np.maximum(squares - 2 * scaled @ self.rows.T, 0.0)))

    def _nearest(self, distance: NDArray[Any]) -> tuple[list[int], float]:
        """The nearest row of each of the nearest lives, and the distance of the last."""
        places: list[int] = []
        seen: set[int] = set()
        for place in np.argsort(distance, kind="stable"):
            unit = int(self.units[place])
            if unit not in seen:
                seen.add(unit)
                places.append(int(place))
            if len(places) == SIMILAR_LIVES:
                break
        last = float(distance[places[-1]])
        return places + [places[-1]] * (SIMILAR_LIVES - len(places)), last
