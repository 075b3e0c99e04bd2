"""The rules that a plan is compared with. They have the same windows and the same capacity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from GAN.maintenance.capacity import LEFT_OUT, Capacities, Room
from GAN.maintenance.expected_cost import ExpectedCosts
from GAN.maintenance.request import UnitForecast, Window
from GAN.prognosis.condition.sensors import Floats

RUN_TO_FAILURE, FIXED_AGE, THRESHOLD = "run to failure", "fixed age", "threshold"


def best_age(lifetimes: Sequence[float], failure_cost: float, stop_cost: float) -> float:
    """The age at which replacing costs least per hour of use; infinite if it never pays.

    The age replacement policy of Barlow and Proschan, "Mathematical Theory of Reliability" (1965),
    chapter 3, on the lifetimes as they are: its cost per hour is lowest just before a failure.

    Args:
        lifetimes: Of the machine type, hours, ascending.
        failure_cost: Cost of a failure.
        stop_cost: Cost of a planned stop.
    """
    hours = np.asarray(lifetimes, dtype=np.float64)
    count = len(hours)
    failed = np.arange(count + 1) / count
    # Hours of use until the failure or the replacement at the next lifetime, in the mean.
    past = np.concatenate([[0.0], np.cumsum(hours)])
    use = (past + np.append(hours, 0.0) * np.arange(count, -1, -1)) / count
    rate = (failure_cost * failed + stop_cost * (1.0 - failed)) / use
    return float(np.append(hours, np.inf)[np.argmin(rate)])


def run_to_failure(costs: ExpectedCosts) -> NDArray[np.intp]:
    """No unit is stopped; windows of units as in `Room.placed`, shape (units,)."""
    return np.full(len(costs.failed_by_end), LEFT_OUT, dtype=np.intp)


def fixed_age(
    units: Sequence[UnitForecast],
    windows: Sequence[Window],
    costs: ExpectedCosts,
    capacities: Capacities,
    lifetimes: Mapping[str, Sequence[float]],
) -> NDArray[np.intp]:
    """A unit is stopped in the first window with room in which it has its type's best age.

    Units that are furthest past it come first. A unit of a type without lifetimes is not stopped.
    """
    known: dict[tuple[str, float, float], float] = {}
    limit = np.full(len(units), np.inf)
    for index, unit in enumerate(units):
        if unit.machine_id in lifetimes:
            price = float(costs.failure_cost[index]), float(costs.stop_cost[index])
            key = (unit.machine_id, *price)
            if key not in known:
                known[key] = best_age(lifetimes[unit.machine_id], *price)
            limit[index] = known[key]
    age = np.array([unit.age_hours for unit in units])
    forecast_at = np.array([unit.forecast_at.timestamp() for unit in units])
    past = [(age + (window.start.timestamp() - forecast_at) / 3600.0) / limit for window in windows]
    return _in_turn(np.column_stack(past), np.ones(len(units)), costs, capacities)


def threshold(
    windows: Sequence[Window], costs: ExpectedCosts, capacities: Capacities
) -> NDArray[np.intp]:
    """A unit is stopped once the risk of waiting for the next window is the price of a stop.

    That is: in the first window with room at whose start the probability that it fails before the
    next window is at least stop cost / failure cost. Units with the highest probability come first.
    """
    following = np.column_stack([costs.failed_before[:, 1:], costs.failed_by_end])
    starts = [window.start.timestamp() for window in windows]
    for index in reversed(range(len(windows) - 1)):
        if starts[index] == starts[index + 1]:  # The next window is the next later one.
            following[:, index] = following[:, index + 1]
    alive = 1.0 - costs.failed_before
    fails = np.maximum(following - costs.failed_before, 0.0)
    risk = np.where(alive > 0, fails / np.where(alive > 0, alive, 1.0), 0.0)
    return _in_turn(risk, costs.stop_cost / costs.failure_cost, costs, capacities)


def _in_turn(
    urgency: Floats, due: Floats, costs: ExpectedCosts, capacities: Capacities
) -> NDArray[np.intp]:
    """Fill each window with the most urgent of the units that are due in it."""
    room = Room(capacities, costs.stop_hours)
    is_due = (urgency >= due[:, None]) & capacities.long_enough(costs.stop_hours)
    for window in range(urgency.shape[1]):
        for unit in np.argsort(-urgency[:, window], kind="stable"):
            if is_due[unit, window]:
                room.place(int(unit), window)
    return room.placed
