"""The most similar past lives of a row, and its strangeness: how unlike all of them it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from GAN.prognosis.condition.features import OF_EACH_SENSOR, OF_THE_UNIT
from GAN.prognosis.condition.sensors import Floats
from GAN.prognosis.heads.boosting import equal_unit_weights, weighted_quantiles

#: How many similar lives are named; the distance to the last of them counts.
SIMILAR_LIVES = 3
#: Above this strangeness the predictor does not know the unit's condition.
STRANGE = 0.95
#: A strange row's interval is widened by at most this factor.
MOST_WIDENED = 3.0

#: Features of each sensor that are compared.
_COMPARED = ("used", "slope")
_ROWS, _JUDGED_ROWS = 1_500, 400
#: Rows that are compared at once, which bounds the memory.
_AT_ONCE = 1_000
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

    Only what a reliability engineer would compare counts: how far each sensor has gone on its way
    to failure, how fast, and the features of the unit.

    Attributes:
        columns: Which features are compared, shape (k,).
        spread: Standard deviation of each of them, shape (k,).
        rows: These features in units of it, shape (n, k).
        rul: Hours, shape (n,).
        units: Ascending, shape (n,).
        modes: Index of the failure mode, shape (n,).
        distances: Quantiles of the distance of unseen units' rows, shape (101,).
    """

    columns: NDArray[np.intp]
    spread: Floats
    rows: NDArray[np.float32]
    rul: Floats
    units: NDArray[np.intp]
    modes: NDArray[np.intp]
    distances: Floats

    @classmethod
    def of(
        cls,
        rows: Floats,
        rul: Floats,
        units: NDArray[np.intp],
        modes: NDArray[np.intp],
        sensors: int,
    ) -> PastLives:
        """Keep some rows of whole lives.

        Args:
            rows: All features, shape (n, features).
            rul: Hours, shape (n,).
            units: Unit of each row, shape (n,).
            modes: Index of the unit's failure mode, shape (n,).
            sensors: Number of sensors.
        """
        each = [OF_EACH_SENSOR.index(name) * sensors + np.arange(sensors) for name in _COMPARED]
        unit = np.arange(rows.shape[1] - len(OF_THE_UNIT), rows.shape[1])
        columns = np.concatenate([*each, unit])
        filled = np.nan_to_num(rows[:, columns])
        spread = np.maximum(filled.std(axis=0), 1e-9)
        kept = np.arange(0, len(rows), max(1, len(rows) // _ROWS))
        kept = kept[np.argsort(units[kept], kind="stable")]
        past = cls(
            columns,
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
        _, nearest = past._nearest(np.where(own, np.inf, distance))
        known = np.isfinite(nearest)
        if not known.any():
            return past
        weights = equal_unit_weights(past.units[judged][known])
        quantiles = weighted_quantiles(nearest[known], weights, _SHARES)
        return replace(past, distances=quantiles)

    def compare(self, rows: Floats) -> tuple[Floats, Floats, NDArray[np.intp]]:
        """Find the most similar lives of each row.

        Args:
            rows: Features, shape (n, features).

        Returns:
            Strangeness: the share of unseen units' rows that are nearer to other lives, shape (n,);
            the factor by which an interval is to be widened, shape (n,); and the positions of the
            nearest row of each similar life, nearest first, shape (n, SIMILAR_LIVES).
        """
        scaled = (np.nan_to_num(rows[:, self.columns]) / self.spread).astype(np.float32)
        parts = [
            self._nearest(self._distances(scaled[first : first + _AT_ONCE]))
            for first in range(0, len(scaled), _AT_ONCE)
        ]
        positions, nearest = (np.concatenate(each) for each in zip(*parts, strict=True))
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

    def _nearest(self, distance: NDArray[Any]) -> tuple[NDArray[np.intp], Floats]:
        """The nearest row of each of the nearest lives, and the distance of the last of them."""
        first = np.flatnonzero(np.diff(self.units, prepend=self.units[0] - 1))
        last = np.append(first[1:], len(self.units)) - 1
        of_life = np.minimum.reduceat(distance, first, axis=1)
        lives = np.argsort(of_life, axis=1, kind="stable")[:, :SIMILAR_LIVES]
        lives = np.pad(lives, ((0, 0), (0, SIMILAR_LIVES - lives.shape[1])), mode="edge")
        steps = np.arange((last - first).max() + 1)
        places = np.minimum(first[lives][:, :, None] + steps, last[lives][:, :, None])
        rows = np.arange(len(distance))
        best = distance[rows[:, None, None], places].argmin(axis=2)
        positions = np.take_along_axis(places, best[:, :, None], axis=2)[:, :, 0]
        return positions, of_life[rows, lives[:, -1]].astype(np.float64)
