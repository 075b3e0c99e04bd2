"""Remaining useful life (RUL): a forecast, its distribution, and what each feature adds to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from GAN.prognosis.condition.sensors import Floats
from GAN.prognosis.heads.boosting import (
    boost_each,
    contributions,
    equal_unit_weights,
    predicted,
    unit_folds,
)
from GAN.prognosis.heads.error_distribution import ErrorDistribution

if TYPE_CHECKING:
    from lightgbm import Booster

#: Errors count relative to RUL plus this share of the mean life.
_NEAR = 0.05
#: A younger unit counts as this old, as a share of the mean life, where RUL is relative to age:
#: close to age 0 the ratio changes too fast for trees.
_YOUNG = 0.1
#: Units up to which each is left out alone; the number of folds with more units.
_FEW_UNITS, _FOLDS = 10, 4

_TREES = 70
_SETTINGS = {"objective": "l1", "num_leaves": 8, "learning_rate": 0.17, "feature_fraction": 0.3}


@dataclass(frozen=True)
class RulModel:
    """The mean of three boosters of the logarithm of RUL.

    One forecasts log RUL, one the logarithm of RUL relative to age, one RUL itself. Their mean is
    better than each of them where little is known, and their disagreement says so.

    Attributes:
        boosters: In that order.
        errors: The distribution of the errors of log RUL.
        mean_life: Mean life of the units that it learnt from, hours.
        longest_life: Longest of them, hours.
        lives: Number of these lives.
    """

    boosters: tuple[Booster, Booster, Booster]
    errors: ErrorDistribution
    mean_life: float
    longest_life: float
    lives: int

    @classmethod
    def fit(
        cls,
        rows: Floats,
        rul: Floats,
        age: Floats,
        units: NDArray[np.intp],
        evenly: NDArray[np.bool_],
    ) -> tuple[RulModel, Floats]:
        """Learn from rows of whole lives.

        Args:
            rows: Features, shape (n, features).
            rul: Hours, shape (n,).
            age: Hours in service, shape (n,).
            units: Unit of each row, shape (n,).
            evenly: Rows that are spread evenly over the lives, shape (n,). All rows are learnt;
                errors are counted on these.

        Returns:
            The model, and the forecasts of the rows in hours by models that did not see their unit.
        """
        lives = np.array([(rul + age)[units == unit].max() for unit in np.unique(units)])
        scale = _Scale(float(lives.mean()))
        weight = equal_unit_weights(units)
        count = len(np.unique(units))
        fold = unit_folds(units, count if count <= _FEW_UNITS else _FOLDS)
        # Of one unit alone nothing is left out: its errors are those of a constant forecast.
        unseen = np.full((3, len(rul)), np.average(scale.log_of(rul), weights=weight))
        for number in range(fold.max() + 1) if count > 1 else ():
            rest = fold != number
            boosters = _fit(rows[rest], rul[rest], age[rest], weight[rest], scale)
            unseen[:, ~rest] = _members(boosters, rows[~rest], age[~rest], scale)
        forecast, spread = unseen.mean(axis=0), unseen.std(axis=0)
        errors = ErrorDistribution.of_errors(
            forecast[evenly],
            age[evenly] / scale.mean_life,
            rows[evenly, -1] / scale.mean_life,
            spread[evenly],
            scale.log_of(rul[evenly]),
            units[evenly],
        )
        boosters = _fit(rows, rul, age, weight, scale)
        model = cls(boosters, errors, scale.mean_life, float(lives.max()), count)
        return model, scale.hours(forecast)

    def quantiles(self, rows: Floats, age: Floats, widen: Floats | float = 1.0) -> Floats:
        """Quantiles of RUL at `LEVELS`, hours, shape (n, len(LEVELS)); ascending, 0 or more.

        Args:
            rows: Features, shape (n, features).
            age: Hours in service, shape (n,).
            widen: Factor of the width, shape (n,) or one number.
        """
        forecast, size = self._log_forecast(rows, age)
        wide = forecast[:, None] + np.outer(size * widen, self.errors.quantiles)
        hours = _Scale(self.mean_life).hours(wide)
        return np.asarray(np.minimum(hours, self._most(age)[:, None]))

    def relative_errors(self, rows: Floats, rul: Floats, age: Floats) -> Floats:
        """Errors of log RUL divided by their expected size, shape (n,); see `fit`."""
        forecast, size = self._log_forecast(rows, age)
        return np.asarray((_Scale(self.mean_life).log_of(rul) - forecast) / size)

    def _log_forecast(self, rows: Floats, age: Floats) -> tuple[Floats, Floats]:
        """The forecast of log RUL and the expected size of its error, each of shape (n,)."""
        members = _members(self.boosters, rows, age, _Scale(self.mean_life))
        forecast = members.mean(axis=0)
        share = age / self.mean_life, rows[:, -1] / self.mean_life
        return forecast, self.errors.sizes_of(forecast, *share, members.std(axis=0))

    def _most(self, age: Floats) -> Floats:
        """The longest RUL that is believed, hours: of few lives the longest says little."""
        longest = self.longest_life * (1.0 + 1.0 / np.sqrt(self.lives))
        return np.asarray(np.maximum(longest - age, 0.1 * self.longest_life))

    def contributions(self, rows: Floats, age: Floats) -> tuple[Floats, Floats]:
        """Hours that each feature adds to the forecast.

        The boosters' contributions are additive in log RUL. The hours between the expected forecast
        and this one are divided in the same proportions, so they sum to the forecast.

        Args:
            rows: Features, shape (n, features).
            age: Hours in service, shape (n,).

        Returns:
            Hours by feature, shape (n, features), and the expected forecast in hours, shape (n,).
        """
        scale = _Scale(self.mean_life)
        by, expected = np.zeros(rows.shape), np.zeros(len(rows))
        members = np.empty((len(self.boosters), len(rows)))
        for position, booster in enumerate(self.boosters):
            parts = contributions(booster, rows)
            raw, base = parts.sum(axis=1), parts[:, -1]
            members[position] = _to_log(position, raw, age, scale)
            start = _to_log(position, base, age, scale)
            slope = _secant(members[position] - start, raw - base)
            by += parts[:, :-1] * slope[:, None] / len(self.boosters)
            expected += start / len(self.boosters)
        hours = np.minimum(scale.hours(members.mean(axis=0)), self._most(age))
        moved = by.sum(axis=1)
        by *= _secant(hours - scale.hours(expected), moved)[:, None]
        return by, hours - by.sum(axis=1)


@dataclass(frozen=True)
class _Scale:
    """The logarithmic scale of RUL: log(RUL / mean life + `_NEAR`)."""

    mean_life: float

    def log_of(self, hours: Floats) -> Floats:
        return np.log(np.maximum(hours, 0.0) / self.mean_life + _NEAR)

    def hours(self, log: Floats) -> Floats:
        return np.asarray(self.mean_life * np.maximum(np.exp(np.minimum(log, 5.0)) - _NEAR, 0.0))


def _targets(rul: Floats, age: Floats, scale: _Scale) -> tuple[Floats, Floats, Floats]:
    log = scale.log_of(rul)
    return log, log - _log_age(age, scale), rul / scale.mean_life


def _log_age(age: Floats, scale: _Scale) -> Floats:
    return scale.log_of(np.maximum(age, _YOUNG * scale.mean_life))


def _to_log(position: int, raw: Floats, age: Floats, scale: _Scale) -> Floats:
    """A booster's output as log RUL."""
    if position == 0:
        return raw
    if position == 1:
        return raw + _log_age(age, scale)
    return scale.log_of(raw * scale.mean_life)


def _fit(
    rows: Floats, rul: Floats, age: Floats, weight: Floats, scale: _Scale
) -> tuple[Booster, Booster, Booster]:
    targets = _targets(rul, age, scale)
    first, second, third = boost_each(rows, targets, weight, _TREES, **_SETTINGS)
    return first, second, third


def _members(boosters: tuple[Any, ...], rows: Floats, age: Floats, scale: _Scale) -> Floats:
    """The forecast of each booster as log RUL, shape (3, n)."""
    return np.stack(
        [
            _to_log(position, predicted(booster, rows), age, scale)
            for position, booster in enumerate(boosters)
        ]
    )


def _secant(rise: Floats, run: Floats) -> Floats:
    """`rise / run`; 0 where nothing moved."""
    still = np.abs(run) < 1e-9
    return np.where(still, 0.0, rise / np.where(still, 1.0, run))
