"""What a forecast got wrong on units that it had not seen, as a distribution.

The size of an error depends on the forecast, the unit's age, how long it was watched, and how much
the members of the forecast disagree. Errors divided by their size are pooled, each unit alike (CDF
pooling: Dunn, Wasserman and Ramdas, "Distribution-free prediction sets for two-layer hierarchical
models", arXiv 1809.07441).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from GAN.prognosis.condition.sensors import Floats
from GAN.prognosis.heads.boosting import equal_unit_weights, weighted_quantiles

#: Probabilities of the quantiles of a forecast.
LEVELS: Floats = np.array(
    [
        *(0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5),
        *(0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.975, 0.99, 0.995),
    ]
)
MEDIAN, LOW, HIGH = (int(np.argmin(np.abs(LEVELS - level))) for level in (0.5, 0.05, 0.95))

_SMALLEST_ERROR = 1e-3


@dataclass(frozen=True)
class ErrorDistribution:
    """The distribution of a forecast's errors.

    Attributes:
        coefficients: Of the logarithm of an error's size, with the constant first, shape (7,).
        quantiles: Of errors divided by their size, at `LEVELS`, shape (len(LEVELS),).
    """

    coefficients: Floats
    quantiles: Floats

    @classmethod
    def of_errors(
        cls,
        forecast: Floats,
        age: Floats,
        watched: Floats,
        spread: Floats,
        truth: Floats,
        units: NDArray[np.intp],
    ) -> ErrorDistribution:
        """Learn from forecasts of rows whose unit was left out.

        Args:
            forecast: Forecast, shape (n,).
            age: Age as a share of the mean life, shape (n,).
            watched: Time since the first reading, likewise, shape (n,).
            spread: Standard deviation of the forecast's members, shape (n,).
            truth: What was right, shape (n,).
            units: Unit of each row, shape (n,).
        """
        weight, error = equal_unit_weights(units), truth - forecast
        rows = _rows(forecast, age, watched, spread)
        size = np.log(np.abs(error) + _SMALLEST_ERROR)
        scale = np.sqrt(weight)[:, None]
        penalty = len(rows) * 1e-3 * np.eye(rows.shape[1])
        penalty[0, 0] = 0.0
        weighted = rows * scale
        coefficients = np.linalg.solve(
            weighted.T @ weighted + penalty, weighted.T @ (size * scale[:, 0])
        )
        relative = error / np.exp(rows @ coefficients)
        quantiles = weighted_quantiles(relative, weight, LEVELS)
        # The forecast stays the median: that of the errors of a few units is not reliable.
        quantiles -= quantiles[MEDIAN]
        return cls(coefficients, quantiles * _stretch(len(np.unique(units))))

    def sizes_of(self, forecast: Floats, age: Floats, watched: Floats, spread: Floats) -> Floats:
        """The expected size of each error, shape (n,)."""
        rows = _rows(forecast, age, watched, spread)
        return np.asarray(np.exp(np.clip(rows @ self.coefficients, -12.0, 12.0)))

    def widened(self, factor: float) -> Self:
        """The same with larger errors."""
        return replace(self, quantiles=self.quantiles * factor)


def _rows(forecast: Floats, age: Floats, watched: Floats, spread: Floats) -> Floats:
    log_age = np.log(np.maximum(age, 0.0) + 0.05)
    unseen = np.log(np.maximum(watched, 0.0) + 0.05) - log_age
    one, square = np.ones(len(forecast)), np.square(forecast)
    return np.column_stack([one, forecast, square, log_age, np.square(log_age), spread, unseen])


def _stretch(units: int) -> float:
    """How much wider quantiles must be that come from a few units, learnt from these too.

    The last term was measured: without it, 90 % intervals of ten units cover about 80 %.
    """
    units = max(units, 2)  # One unit says less than two, but not how much less.
    return few_units_factor(units) * (1 + 4 / units)


def few_units_factor(units: int) -> float:
    """How much wider an interval must be whose width comes from a few units, two or more.

    Student's t instead of the normal distribution, and the error of the estimated mean.
    """
    from scipy import stats

    student = float(stats.t.ppf(0.95, units - 1) / stats.norm.ppf(0.95))
    return float(student * np.sqrt(1 + 1 / units))


def probability_within(quantiles: Floats, limit: float) -> Floats:
    """Probability that a value is at most `limit`, from its quantiles at `LEVELS`.

    Args:
        quantiles: Ascending, shape (n, len(LEVELS)).
        limit: In the unit of the quantiles.

    Returns:
        Shape (n,), between 0 and 1; it never falls as the limit grows.
    """
    rows, last = np.arange(len(quantiles)), len(LEVELS) - 1
    below = (quantiles <= limit).sum(axis=1)
    left, right = np.maximum(below - 1, 0), np.minimum(below, last)
    a, b = quantiles[rows, left], quantiles[rows, right]
    part = np.where(b > a, (limit - a) / np.where(b > a, b - a, 1.0), 0.0)
    inside = LEVELS[left] + part * (LEVELS[right] - LEVELS[left])
    return np.where(below == 0, 0.0, np.where(below > last, 1.0, inside))
