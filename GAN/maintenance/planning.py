"""Make a maintenance plan: which units to stop in which window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from GAN.maintenance import rules
from GAN.maintenance.assignment import assign
from GAN.maintenance.capacity import LEFT_OUT, Capacities
from GAN.maintenance.checks import check_request
from GAN.maintenance.expected_cost import Cost, ExpectedCosts
from GAN.maintenance.plan import LeftOut, LeftOutBecause, Plan, RuleCost, Stop, WindowUse
from GAN.maintenance.request import Terms, UnitForecast, Window
from GAN.maintenance.windows import next_chance
from GAN.prognosis.condition.sensors import Floats

_PROBABLE = 0.5


def plan(
    units: Sequence[UnitForecast],
    windows: Sequence[Window],
    terms: Terms,
    lifetimes: Mapping[str, Sequence[float]] | None = None,
    horizon_end: datetime | None = None,
) -> Plan:
    """Find the stops of least expected cost.

    `GAN.maintenance.expected_cost` has the formula.

    Args:
        units: The units and their forecasts.
        windows: Windows that start at the newest forecast or later, in any order.
        terms: Costs and duration of a stop for units without their own.
        lifetimes: Lifetimes of machine types by machine id, hours, ascending. The mean values lost
            life; the fixed-age rule needs them. None: of no type.
        horizon_end: Failures of units that are left out count until then; None: until the next
            chance to stop them (`GAN.maintenance.windows.next_chance`).

    Raises:
        InvalidInput: With every problem of the input.
    """
    known = {} if lifetimes is None else lifetimes
    check_request(units, windows, terms, known, horizon_end)
    units = sorted(units, key=lambda unit: (unit.machine_id, unit.unit))
    windows = sorted(windows, key=lambda each: (each.start.timestamp(), each.end.timestamp()))
    end = horizon_end or next_chance(windows).astimezone(windows[-1].start.tzinfo)
    costs = ExpectedCosts.of(units, windows, terms, known, end)
    capacities = Capacities.of_windows(windows)
    compared = {
        rules.RUN_TO_FAILURE: rules.run_to_failure(costs),
        rules.FIXED_AGE: rules.fixed_age(units, windows, costs, capacities, known),
        rules.THRESHOLD: rules.threshold(windows, costs, capacities),
    }
    if not any(unit.machine_id in known for unit in units):
        del compared[rules.FIXED_AGE]
    savings = costs.savings
    found = assign(savings, costs.stop_hours, capacities)
    # If the solver ran out of time, a rule may be cheaper.
    placed = max([found.windows, *compared.values()], key=lambda each: _saved(savings, each))
    stops = [_stop(units[n], n, int(placed[n]), costs, end) for n in _stopped(placed)]
    fits = capacities.long_enough(costs.stop_hours)
    left_out = [
        _left_out(units[n], n, costs, savings[n], fits[n], end)
        for n in np.flatnonzero(placed == LEFT_OUT).tolist()
    ]
    used = np.bincount(placed + 1, minlength=len(windows) + 1)[1:]
    work = np.bincount(placed + 1, weights=costs.stop_hours, minlength=len(windows) + 1)[1:]
    own = _rule_cost("", placed, costs)
    return Plan(
        made_for=max((unit.forecast_at for unit in units), key=datetime.timestamp),
        horizon_end=end,
        windows=tuple(map(WindowUse, windows, used.tolist(), work.tolist())),
        stops=tuple(sorted(stops, key=lambda stop: stop.window)),
        left_out=tuple(sorted(left_out, key=lambda each: -each.cost.total)),
        expected_cost=own.expected_cost,
        expected_failures=own.expected_failures,
        at_most_above_best=max(found.bound - _saved(savings, placed), 0.0),
        rules=tuple(_rule_cost(name, each, costs) for name, each in compared.items()),
    )


def _stopped(placed: NDArray[np.intp]) -> list[int]:
    found: list[int] = np.flatnonzero(placed != LEFT_OUT).tolist()
    return found


def _saved(savings: Floats, placed: NDArray[np.intp]) -> float:
    stopped = _stopped(placed)
    return float(savings[stopped, placed[stopped]].sum())


def _rule_cost(rule: str, placed: NDArray[np.intp], costs: ExpectedCosts) -> RuleCost:
    stopped = _stopped(placed)
    failed = costs.failed_by_end.copy()
    failed[stopped] = costs.failed_before[stopped, placed[stopped]]
    waiting = failed * costs.failure_cost + (1.0 - failed) * costs.stop_cost
    lost = costs.lost_life[stopped, placed[stopped]].sum()
    return RuleCost(rule, float(waiting.sum() + lost), float(failed.sum()), len(stopped))


def _stop(unit: UnitForecast, index: int, window: int, costs: ExpectedCosts, end: datetime) -> Stop:
    failed = float(costs.failed_before[index, window])
    cost, waiting = costs.of_stop(index, window), costs.of_waiting(index)
    saved = waiting.total - cost.total
    return Stop(
        machine_id=unit.machine_id,
        unit=unit.unit,
        window=window,
        stop_hours=float(costs.stop_hours[index]),
        failure_probability=failed,
        cost=cost,
        saved=saved,
        reason=(
            f"If it is left, it fails by {_day(end)} with a probability of "
            f"{_percent(float(costs.failed_by_end[index]))}, and before this window with "
            f"{_percent(failed)}; the stop saves {_amount(saved)} of {_amount(waiting.total)}."
        ),
    )


def _left_out(
    unit: UnitForecast,
    index: int,
    costs: ExpectedCosts,
    savings: Floats,
    fits: NDArray[np.bool_],
    end: datetime,
) -> LeftOut:
    cost, failed = costs.of_waiting(index), float(costs.failed_by_end[index])
    because, why = _because(index, costs, savings, fits, cost)
    return LeftOut(
        machine_id=unit.machine_id,
        unit=unit.unit,
        failure_probability=failed,
        cost=cost,
        because=because,
        reason=f"It fails by {_day(end)} with a probability of {_percent(failed)}; {why}.",
    )


def _because(
    index: int, costs: ExpectedCosts, savings: Floats, fits: NDArray[np.bool_], cost: Cost
) -> tuple[LeftOutBecause, str]:
    if not fits.any():
        hours = costs.stop_hours[index]
        return LeftOutBecause.TOO_LONG, f"its stop of {hours:g} h is longer than every window"
    best = int(np.argmax(np.where(fits, savings, -np.inf)))
    before = float(costs.failed_before[index, np.flatnonzero(fits)[0]])
    if before > _PROBABLE:
        text = f"before the first window with {_percent(before)}: stop it now"
        return LeftOutBecause.TOO_LATE, text
    if savings[best] > 0.0:
        text = f"no room, although a stop would save {_amount(float(savings[best]))}"
        return LeftOutBecause.NO_ROOM, text
    stopped = costs.of_stop(index, best).total
    text = f"its best stop costs {_amount(stopped)}, waiting {_amount(cost.total)}"
    return LeftOutBecause.NOT_WORTH_IT, text


def _percent(probability: float) -> str:
    if probability < 0.01:
        return "under 1 %"
    return "over 99 %" if probability > 0.99 else f"{probability:.0%}".replace("%", " %")


def _amount(cost: float) -> str:
    return f"{cost:,.0f}" if abs(cost) >= 100 else f"{cost:.3g}"


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
