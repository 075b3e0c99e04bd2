"""The maintenance plan of the fleet, from the newest predictions in the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from GAN.config.limits import MAX_PLAN_UNITS
from storage.database import clock_ms
from storage.queries.in_service import forecasts

if TYPE_CHECKING:
    from GAN.maintenance.plan import Plan


def plan_stops(
    windows: Sequence[str],
    *,
    failure_cost: float,
    stop_cost: float,
    stop_hours: float,
    zone: str,
    weeks: int,
    machine_ids: Sequence[str] = (),
) -> Plan:
    """Plan which units to stop in which window.

    Args:
        windows: As `GAN.maintenance.windows.parse_windows` takes them.
        failure_cost: Cost of a failure, in any currency; likewise `stop_cost`.
        stop_cost: Cost of a planned stop.
        stop_hours: How long a stop takes, hours.
        zone: Time zone of windows that name none.
        weeks: How many weeks a weekly window repeats.
        machine_ids: Only units of these machines; empty: of all.

    Raises:
        InvalidInput: With every problem, or if no unit has a prediction.
    """
    # Here, because NumPy and SciPy take longer to import than most commands and requests.
    from GAN.maintenance.fleet_plan import fleet_plan
    from GAN.maintenance.forecasts import forecast_of
    from GAN.maintenance.request import Terms

    return fleet_plan(
        [
            forecast_of(row.machine_id, row.unit, row.predicted_at, row.prediction)
            for row in forecasts.newest(machine_ids, MAX_PLAN_UNITS)
        ],
        forecasts.priors(machine_ids),
        Terms(failure_cost, stop_cost, stop_hours),
        windows,
        now_ms=clock_ms(),
        zone=zone,
        weeks=weeks,
    )
