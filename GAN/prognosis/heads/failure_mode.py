"""Failure-mode classification: how a unit will fail, if it fails within the planning horizon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from GAN.prognosis.condition.sensors import Floats
from GAN.prognosis.heads.boosting import boost, equal_unit_weights, predicted

if TYPE_CHECKING:
    from lightgbm import Booster

#: Rows far from failure count this much, as a share of those near it.
_FAR_WEIGHT = 0.05


@dataclass(frozen=True)
class FailureModeModel:
    """The probability of each failure mode.

    Attributes:
        modes: Names of the modes.
        booster: None if there is one mode.
    """

    modes: tuple[str, ...]
    booster: Booster | None

    @classmethod
    def fit(
        cls,
        rows: Floats,
        modes: NDArray[Any],
        rul: Floats,
        units: NDArray[np.intp],
        horizon: float,
    ) -> FailureModeModel:
        """Learn from rows of whole lives.

        Args:
            rows: Features, shape (n, features).
            modes: How the unit of each row failed, shape (n,).
            rul: Hours, shape (n,).
            units: Unit of each row, shape (n,).
            horizon: Planning horizon, hours; rows within it count most.
        """
        names, code = np.unique(modes.astype(str), return_inverse=True)
        if len(names) == 1:
            return cls((str(names[0]),), None)
        weight = equal_unit_weights(units) * (np.exp(-rul / horizon) + _FAR_WEIGHT)
        booster = boost(
            rows,
            code,
            weight,
            trees=30,
            objective="multiclass",
            num_class=len(names),
            num_leaves=7,
            learning_rate=0.1,
        )
        return cls(tuple(str(name) for name in names), booster)

    def probabilities(self, rows: Floats, within_horizon: Floats) -> Floats:
        """Probabilities of `healthy` and of each mode, which sum to 1.

        Args:
            rows: Features, shape (n, features).
            within_horizon: Probability of failure within the planning horizon, shape (n,).

        Returns:
            Shape (n, 1 + modes).
        """
        if self.booster is None:
            share = np.ones((len(rows), 1))
        else:
            share = predicted(self.booster, rows)
            share /= share.sum(axis=1, keepdims=True)
        chance = within_horizon[:, None]
        return np.column_stack([1.0 - chance, chance * share])
