"""Expected cost of a unit that is stopped in a window, and of one that is left out.

Each unit ends once: it fails, or a planned stop ends its life before that. A stop also throws away
the life that remains. Lost life is charged at the cost of one stop per mean life: the cost rate of
one who knows when every unit fails and stops it just before. This is renewal-reward (Barlow and
Proschan, "Mathematical Theory of Reliability", 1965). That the best time to stop minimises cost
minus rate times running time is from Aven and Bergman, "Optimal replacement times: a general
set-up", Journal of Applied Probability 23 (1986).

    stopped at t   failure x P(RUL <= t)   + stop x P(RUL > t)   + rate x mean of RUL beyond t
    left out       failure x P(RUL <= end) + stop x P(RUL > end)

A unit that is left out and survives owes its stop to a later plan, so waiting does not save the
stop. Without the second `stop` all that a stop costs would be charged twice: as a stop, and as
lost life. The saving by a stop is therefore (failure - stop) x P(t < RUL <= end) minus lost life.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from GAN.maintenance.checks import terms_of
from GAN.maintenance.remaining_life import RemainingLives
from GAN.maintenance.request import Terms, UnitForecast, Window
from GAN.prognosis.condition.sensors import Floats

#: Shortest mean life by which lost life is charged, hours.
_SHORTEST_MEAN_LIFE = 1e-3


@dataclass(frozen=True)
class Cost:
    """An expected cost and its parts, in the currency of the terms.

    Attributes:
        failure: Cost of failures.
        stop: Cost of the planned stop in the window.
        lost_life: Value of the life that the stop throws away.
        later_stop: Cost of a stop after the horizon, of a unit that is left out and survives.
    """

    failure: float = 0.0
    stop: float = 0.0
    lost_life: float = 0.0
    later_stop: float = 0.0

    @property
    def total(self) -> float:
        """The sum of the parts."""
        return self.failure + self.stop + self.lost_life + self.later_stop


@dataclass(frozen=True)
class ExpectedCosts:
    """Costs of each unit in each window.

    Attributes:
        failed_before: Probability of failure before the start of each window, shape (units,
            windows).
        failed_by_end: Probability of failure within the horizon, shape (units,).
        failure_cost: Cost of a failure, shape (units,).
        stop_cost: Cost of a planned stop, shape (units,).
        stop_hours: Hours that a stop takes, shape (units,).
        lost_life: Cost of the life that a stop in each window throws away, shape (units, windows).
    """

    failed_before: Floats
    failed_by_end: Floats
    failure_cost: Floats
    stop_cost: Floats
    stop_hours: Floats
    lost_life: Floats

    @classmethod
    def of(
        cls,
        units: Sequence[UnitForecast],
        windows: Sequence[Window],
        terms: Terms,
        lifetimes: Mapping[str, Sequence[float]],
        horizon_end: datetime,
    ) -> ExpectedCosts:
        """The costs of checked input; arguments as in `GAN.maintenance.planning.plan`."""
        own = [terms_of(unit, terms) for unit in units]
        failure, stop, hours = np.array(
            [(each.failure_cost, each.stop_cost, each.stop_hours) for each in own]
        ).T
        forecast_at = np.array([unit.forecast_at.timestamp() for unit in units])
        rul = RemainingLives.of_quantiles(np.array([list(unit.rul_hours) for unit in units]))
        until = [(window.start.timestamp() - forecast_at) / 3600.0 for window in windows]
        rate = stop / _mean_lives(units, rul, lifetimes)
        return cls(
            failed_before=np.column_stack([rul.probability_within(each) for each in until]),
            failed_by_end=rul.probability_within((horizon_end.timestamp() - forecast_at) / 3600.0),
            failure_cost=failure,
            stop_cost=stop,
            stop_hours=hours,
            lost_life=np.column_stack([rate * rul.mean_hours_beyond(each) for each in until]),
        )

    @property
    def savings(self) -> Floats:
        """What a stop saves compared with leaving the unit out, shape (units, windows)."""
        avoided = self.failed_by_end[:, None] - self.failed_before
        return (self.failure_cost - self.stop_cost)[:, None] * avoided - self.lost_life

    def of_stop(self, unit: int, window: int) -> Cost:
        """The cost of a unit that is stopped in a window."""
        failed = float(self.failed_before[unit, window])
        return Cost(
            failure=failed * float(self.failure_cost[unit]),
            stop=(1.0 - failed) * float(self.stop_cost[unit]),
            lost_life=float(self.lost_life[unit, window]),
        )

    def of_waiting(self, unit: int) -> Cost:
        """The cost of a unit that is left out."""
        failed = float(self.failed_by_end[unit])
        return Cost(
            failure=failed * float(self.failure_cost[unit]),
            later_stop=(1.0 - failed) * float(self.stop_cost[unit]),
        )


def _mean_lives(
    units: Sequence[UnitForecast], rul: RemainingLives, lifetimes: Mapping[str, Sequence[float]]
) -> Floats:
    """Mean life of each unit's type, or of the unit itself if none is known, hours."""
    known = {machine_id: float(np.mean(hours)) for machine_id, hours in lifetimes.items()}
    own = rul.mean_hours_beyond(np.zeros(len(units))) + [unit.age_hours for unit in units]
    means = [known.get(unit.machine_id, own[n]) for n, unit in enumerate(units)]
    return np.asarray(np.maximum(np.array(means), _SHORTEST_MEAN_LIFE))
