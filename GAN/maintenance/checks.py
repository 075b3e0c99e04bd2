"""What may be wrong with the input of a maintenance plan."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np

from errors import InvalidInput, Problem
from GAN.config import limits
from GAN.maintenance.request import Terms, UnitForecast, Window
from GAN.prognosis.heads.error_distribution import LEVELS


def check_request(
    units: Sequence[UnitForecast],
    windows: Sequence[Window],
    terms: Terms,
    lifetimes: Mapping[str, Sequence[float]],
    horizon_end: datetime | None,
) -> None:
    """Refuse what no plan can be made from; arguments as in `GAN.maintenance.planning.plan`.

    Raises:
        InvalidInput: With every problem.
    """
    problems = _number("units", len(units), limits.MIN_PLAN_UNITS, limits.MAX_PLAN_UNITS)
    most = limits.MAX_PLAN_WINDOWS
    problems += _number("windows", len(windows), limits.MIN_PLAN_WINDOWS, most)
    problems += _terms_problems("terms", terms)
    for index, unit in enumerate(units):
        problems += _unit_problems(f"units[{index}]", unit, terms)
    problems += _repeated("units", [(unit.machine_id, unit.unit) for unit in units])
    for index, window in enumerate(windows):
        problems += window_problems(f"windows[{index}]", window)
    for machine_id, hours in lifetimes.items():
        advice = "write hours above 0, ascending"
        if not _ascending(hours, above=0.0):
            problems.append(Problem(f"lifetimes.{machine_id}", "not lifetimes", advice))
    if not problems:
        problems = _order_problems(units, windows, horizon_end)
    if problems:
        raise InvalidInput("plan", problems)


def window_problems(path: str, window: Window) -> list[Problem]:
    """What is wrong with one window."""
    problems = _zone_problems(f"{path}.start", window.start)
    problems += _zone_problems(f"{path}.end", window.end)
    if not problems and window.hours <= 0:
        problems.append(Problem(path, "ends before it starts", "write the start first"))
    if window.units is None and window.work_hours is None:
        problems.append(Problem(path, "has no capacity", "write units, hours of work, or both"))
    if window.units is not None:
        least, most = limits.MIN_WINDOW_UNITS, limits.MAX_WINDOW_UNITS
        problems += _number(f"{path}.units", window.units, least, most)
    if window.work_hours is not None:
        low, high = limits.MIN_WINDOW_WORK_HOURS, limits.MAX_WINDOW_WORK_HOURS
        problems += _number(f"{path}.work_hours", window.work_hours, low, high)
    return problems


def _terms_problems(path: str, terms: Terms) -> list[Problem]:
    least, most = limits.MIN_COST, limits.MAX_COST
    problems = _number(f"{path}.failure_cost", terms.failure_cost, least, most)
    problems += _number(f"{path}.stop_cost", terms.stop_cost, least, most)
    low, high = limits.MIN_STOP_HOURS, limits.MAX_STOP_HOURS
    problems += _number(f"{path}.stop_hours", terms.stop_hours, low, high)
    if not problems and terms.failure_cost <= terms.stop_cost:
        what = f"{terms.failure_cost:g} is not above the cost of a stop, {terms.stop_cost:g}"
        advice = "write a higher cost of a failure; otherwise no stop ever pays"
        problems.append(Problem(f"{path}.failure_cost", what, advice))
    return problems


def _unit_problems(path: str, unit: UnitForecast, terms: Terms) -> list[Problem]:
    problems = []
    if not unit.unit:
        problems.append(Problem(f"{path}.unit", "is empty", "write the unit's name"))
    least, most = limits.MIN_LIFE_HOURS, limits.MAX_LIFE_HOURS
    problems += _number(f"{path}.age_hours", unit.age_hours, least, most)
    if len(unit.rul_hours) != len(LEVELS) or not _ascending(unit.rul_hours):
        advice = f"write {len(LEVELS)} numbers of hours from 0 on, ascending"
        problems.append(Problem(f"{path}.rul_hours", "not quantiles", advice))
    problems += _zone_problems(f"{path}.forecast_at", unit.forecast_at)
    if (unit.failure_cost, unit.stop_cost, unit.stop_hours) != (None, None, None):
        problems += _terms_problems(path, terms_of(unit, terms))
    return problems


def terms_of(unit: UnitForecast, terms: Terms) -> Terms:
    """The terms of a unit: its own, and the plan's where it has none."""
    return Terms(
        terms.failure_cost if unit.failure_cost is None else unit.failure_cost,
        terms.stop_cost if unit.stop_cost is None else unit.stop_cost,
        terms.stop_hours if unit.stop_hours is None else unit.stop_hours,
    )


def _order_problems(
    units: Sequence[UnitForecast], windows: Sequence[Window], horizon_end: datetime | None
) -> list[Problem]:
    """Windows that are over or repeated, and a horizon that ends too early."""
    now = max((unit.forecast_at for unit in units), key=datetime.timestamp)
    problems = [
        Problem(
            f"windows[{index}]",
            f"starts at {window.start.isoformat()}, before the newest forecast",
            f"leave it out; the newest forecast is of {now.isoformat()}",
        )
        for index, window in enumerate(windows)
        if window.start.timestamp() < now.timestamp()
    ]
    last = max((window.start for window in windows), key=datetime.timestamp)
    if last.timestamp() - now.timestamp() > timedelta(days=limits.MAX_PLAN_DAYS).total_seconds():
        what = f"the last one starts over {limits.MAX_PLAN_DAYS:,} days after the newest forecast"
        problems.append(Problem("windows", what, "leave out what is so far ahead"))
    moments = [(each.start.timestamp(), each.end.timestamp()) for each in windows]
    problems += _repeated("windows", moments)
    if horizon_end is not None:
        found = _zone_problems("horizon_end", horizon_end)
        if not found and horizon_end.timestamp() <= last.timestamp():
            advice = f"write a time after {last.isoformat()}"
            found = [Problem("horizon_end", "is not after the start of the last window", advice)]
        problems += found
    return problems


def _repeated(path: str, keys: Sequence[tuple[object, object]]) -> list[Problem]:
    first: dict[tuple[object, object], int] = {}
    return [
        Problem(f"{path}[{index}]", f"repeats {path}[{first[key]}]", "write it once")
        for index, key in enumerate(keys)
        if first.setdefault(key, index) != index
    ]


def _zone_problems(path: str, moment: datetime) -> list[Problem]:
    if moment.utcoffset() is not None:
        return []
    return [Problem(path, "has no time zone", "write a time with an offset")]


def _number(path: str, value: float, least: float, most: float) -> list[Problem]:
    if math.isfinite(value) and least <= value <= most:
        return []
    advice = f"write a number from {least:,g} to {most:,g}"
    return [Problem(path, f"{value:,g} is out of range", advice)]


def _ascending(values: Sequence[float], above: float | None = None) -> bool:
    """Whether hours are finite, not negative, and never fall; there is at least one."""
    hours = np.asarray(values, dtype=np.float64)
    if hours.ndim != 1 or not hours.size or not np.isfinite(hours).all():
        return False
    low = hours[0] > above if above is not None else hours[0] >= limits.MIN_LIFE_HOURS
    return bool(low and hours[-1] <= limits.MAX_LIFE_HOURS and (np.diff(hours) >= 0).all())
