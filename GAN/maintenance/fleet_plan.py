"""The plan of a fleet from texts: the windows as people write them, and forecasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from errors import InvalidInput, Problem
from GAN.maintenance.forecasts import lifetimes_of
from GAN.maintenance.plan import Plan
from GAN.maintenance.planning import plan
from GAN.maintenance.request import Terms, UnitForecast
from GAN.maintenance.windows import parse_windows


def fleet_plan(
    units: Sequence[UnitForecast],
    priors: Mapping[str, Mapping[str, Any]],
    terms: Terms,
    windows: Sequence[str],
    *,
    now_ms: int,
    zone: str,
    weeks: int,
) -> Plan:
    """Plan the stops of a fleet.

    Args:
        units: The units and their forecasts.
        priors: The prediction of a new unit of each machine type, by machine id.
        terms: Costs and duration of a stop.
        windows: As `parse_windows` takes them.
        now_ms: The present, ms since 1970: windows start after it.
        zone: Time zone of windows that name none.
        weeks: How many weeks a weekly window repeats.

    Raises:
        InvalidInput: With every problem, or if there are no units.
    """
    if not units:
        advice = "send readings first; see the list of units"
        raise InvalidInput("plan", [Problem("units", "no unit has a prediction", advice)])
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    after = max(now, *(unit.forecast_at for unit in units))
    found = parse_windows(windows, after=after, zone=zone, weeks=weeks)
    lifetimes = {machine_id: lifetimes_of(prior) for machine_id, prior in priors.items()}
    return plan(units, found, terms, lifetimes)
