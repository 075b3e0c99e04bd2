"""Which stops save most: units to windows with limited capacity.

This is the generalised assignment problem. HiGHS's branch and cut takes minutes for 10,000 units
and 10 windows. So the linear relaxation goes first. Its prices of capacity give a bound of what can
be saved, and its solution rounds to a plan that is near it. A stop that loses more at these prices
than is missing to the bound is in no better plan (variable fixing by reduced costs: Martello and
Toth, "Knapsack Problems", 1990). Only the few others are left to branch and cut. If all stops take
equally long, the relaxation has whole numbers and nothing is left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from GAN.maintenance.capacity import LEFT_OUT, SLACK, Capacities, Room
from GAN.maintenance.solver_output import stdout_to_stderr
from GAN.prognosis.condition.sensors import Floats

#: Units that branch and cut may decide on.
_CORE_UNITS = 300
#: Nodes of branch and cut. A limit of time alone would make plans depend on the computer.
_NODES = 100
#: Longest time of the linear relaxation, and of branch and cut, s.
_SECONDS = 60.0
#: Savings relative to the largest one that count as nothing.
_NOTHING = 1e-9
#: Relative distance to the best plan that is accepted.
_GAP = 1e-6


@dataclass(frozen=True)
class Assignment:
    """Windows of units.

    Attributes:
        windows: Window of each unit, or `LEFT_OUT`, shape (units,).
        bound: No assignment saves more.
    """

    windows: NDArray[np.intp]
    bound: float


@dataclass(frozen=True)
class _Pairs:
    """Stops that pay.

    Attributes:
        unit: Unit of each pair, shape (pairs,); likewise `window`.
        saving: What the stop saves, as a share of the largest saving, shape (pairs,).
        use: What each pair takes of each limited capacity, sparse, shape (limits, pairs).
        limit: The limited capacities, shape (limits,).
    """

    unit: NDArray[np.intp]
    window: NDArray[np.intp]
    saving: Floats
    use: Any
    limit: Floats


def assign(savings: Floats, stop_hours: Floats, capacities: Capacities) -> Assignment:
    """Find the stops that save most.

    Args:
        savings: What a stop of each unit in each window saves, shape (units, windows). A stop that
            saves nothing is never made.
        stop_hours: Hours that a stop takes, shape (units,).
        capacities: Those of the windows.
    """
    worth = np.where(capacities.long_enough(stop_hours), savings, 0.0)
    scale = float(worth.max(initial=0.0))
    if scale <= 0.0:
        return Assignment(np.full(len(savings), LEFT_OUT, dtype=np.intp), 0.0)
    worth /= scale
    unit, window = np.nonzero(worth > _NOTHING)
    use, limit = _limits(unit, window, stop_hours, capacities)
    pairs = _Pairs(unit, window, worth[unit, window], use, limit)
    share, prices = _relaxed(pairs, len(savings))
    profit = pairs.saving - pairs.use.T @ prices
    best = np.zeros(len(savings))
    np.maximum.at(best, unit, profit)
    bound = float(pairs.limit @ prices + best.sum())
    room = Room(capacities, stop_hours)
    for pair in np.lexsort((-profit, -np.round(share, 6))):
        room.place(int(unit[pair]), int(window[pair]))
    saved = _saved(worth, room.placed)
    missing = bound - saved
    if missing <= _GAP * saved:
        return Assignment(room.placed, bound * scale)
    margin = min(missing, _core_margin(pairs, best, profit)) + _NOTHING
    better, least = _branched(pairs, best, profit, margin)
    if margin > missing:  # Nothing was set aside that could be better.
        bound = min(bound, least)
    exact = Room(capacities, stop_hours)  # The solver keeps to capacities only nearly.
    for stopped in np.flatnonzero(better != LEFT_OUT).tolist():
        exact.place(stopped, int(better[stopped]))
    placed = max(room.placed, exact.placed, key=lambda each: _saved(worth, each))
    return Assignment(placed, bound * scale)


def _core_margin(pairs: _Pairs, best: Floats, profit: Floats) -> float:
    """The loss up to which stops are looked at: such that `_CORE_UNITS` units have a choice."""
    if len(best) <= _CORE_UNITS:
        return np.inf
    loss = np.full((len(best), int(pairs.window.max()) + 2), np.inf)
    loss[:, -1] = best  # Of leaving the unit out.
    loss[pairs.unit, pairs.window] = best[pairs.unit] - profit
    second = np.partition(loss, 1, axis=1)[:, 1]
    return float(np.partition(second, _CORE_UNITS)[_CORE_UNITS])


def _limits(
    unit: NDArray[np.intp],
    window: NDArray[np.intp],
    stop_hours: Floats,
    capacities: Capacities,
) -> tuple[Any, Floats]:
    """What pairs use of the capacities that may run out, and these capacities."""
    from scipy import sparse

    count, hours = len(capacities.units), stop_hours[unit]
    units, work = capacities.units, capacities.work_hours
    if np.ptp(hours) == 0.0:  # Then hours are units, and the relaxation has whole numbers.
        units = np.minimum(units, np.floor((work + SLACK) / hours[0]))
        work = np.full(count, np.inf)
    places = (window, np.arange(len(unit)))
    use = sparse.vstack(
        [
            sparse.csr_matrix((np.ones(len(unit)), places), (count, len(unit))),
            sparse.csr_matrix((hours, places), (count, len(unit))),
        ],
        format="csr",
    )
    limit = np.concatenate([units, work])
    scarce = np.asarray(use.sum(axis=1)).ravel() > limit
    return use[scarce], limit[scarce]


def _relaxed(pairs: _Pairs, units: int) -> tuple[Floats, Floats]:
    """Shares of stops in the linear relaxation, and prices of the capacities."""
    from scipy import sparse
    from scipy.optimize import linprog

    count = len(pairs.unit)
    once = sparse.csr_matrix((np.ones(count), (pairs.unit, np.arange(count))), (units, count))
    found = linprog(
        -pairs.saving,
        A_ub=sparse.vstack([pairs.use, once], format="csr"),
        b_ub=np.concatenate([pairs.limit, np.ones(units)]),
        bounds=(0.0, None),
        method="highs-ipm",
        options={"time_limit": _SECONDS},
    )
    if found.status != 0:  # Out of time: any prices give a bound, if a bad one.
        return np.zeros(count), np.zeros(len(pairs.limit))
    prices = np.maximum(-found.ineqlin.marginals[: len(pairs.limit)], 0.0)
    return np.asarray(found.x), np.asarray(prices)


def _branched(
    pairs: _Pairs, best: Floats, profit: Floats, margin: float
) -> tuple[NDArray[np.intp], float]:
    """The best assignment by branch and cut among stops that lose little.

    Args:
        pairs: Stops that pay.
        best: The largest profit of each unit at the prices, shape (units,).
        profit: Profit of each pair, shape (pairs,).
        margin: Stops that lose more than this are not made, and units that would are stopped.

    Returns:
        Windows of units; and what no such assignment exceeds.
    """
    from scipy import sparse
    from scipy.optimize import Bounds, LinearConstraint, milp

    near = best[pairs.unit] - profit <= margin
    choices = np.bincount(pairs.unit[near], minlength=len(best))
    # To leave such a unit out loses too much as well, so its only stop is certain.
    certain = near & (choices == 1)[pairs.unit] & (best > margin)[pairs.unit]
    left = np.flatnonzero(near & ~certain)
    windows = np.full(len(best), LEFT_OUT, dtype=np.intp)
    windows[pairs.unit[certain]] = pairs.window[certain]
    sure = float(pairs.saving[certain].sum())
    if not len(left):
        return windows, sure
    _, unit = np.unique(pairs.unit[left], return_inverse=True)
    once = sparse.csr_matrix(
        (np.ones(len(left)), (unit, np.arange(len(left)))), (unit.max() + 1, len(left))
    )
    rest = pairs.limit - pairs.use[:, certain] @ np.ones(int(certain.sum()))
    with stdout_to_stderr():
        found = milp(
            -pairs.saving[left],
            integrality=np.ones(len(left)),
            bounds=Bounds(0.0, 1.0),
            constraints=[
                LinearConstraint(pairs.use[:, left], -np.inf, rest),
                LinearConstraint(once, -np.inf, 1.0),
            ],
            options={"node_limit": _NODES, "time_limit": _SECONDS, "mip_rel_gap": _GAP},
        )
    if found.x is None:
        return np.full(len(best), LEFT_OUT, dtype=np.intp), np.inf
    chosen = left[found.x > 0.5]
    windows[pairs.unit[chosen]] = pairs.window[chosen]
    return windows, sure - float(found.mip_dual_bound)


def _saved(worth: Floats, windows: NDArray[np.intp]) -> float:
    stopped = np.flatnonzero(windows != LEFT_OUT)
    return float(worth[stopped, windows[stopped]].sum())
