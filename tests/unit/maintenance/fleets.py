"""Small fleets and windows for the tests of maintenance plans."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
from scipy.stats import norm

from GAN.maintenance.request import Terms, UnitForecast, Window
from GAN.prognosis.heads.error_distribution import LEVELS

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
TERMS = Terms(failure_cost=10.0, stop_cost=1.0, stop_hours=4.0)


def unit(
    name: str = "1",
    median: float = 200.0,
    spread: float = 0.3,
    *,
    age_hours: float = 300.0,
    **own: float | None,
) -> UnitForecast:
    """A unit with a log-normal RUL."""
    rul = median * np.exp(spread * norm.ppf(LEVELS))
    return UnitForecast("pump_a", name, age_hours, tuple(rul.tolist()), NOW, **own)


def fleet(seed: int, count: int, *, mixed: bool = False) -> list[UnitForecast]:
    """Units that fail soon and late; with stop hours and costs of their own if `mixed`."""
    rng = np.random.default_rng(seed)
    units = []
    for index in range(count):
        own = (
            {
                "stop_hours": float(rng.choice([2.0, 3.0, 4.5, 7.0])),
                "failure_cost": float(rng.uniform(5.0, 40.0)),
            }
            if mixed
            else {}
        )
        median, spread = float(rng.uniform(10, 900)), float(rng.uniform(0.05, 0.6))
        age = float(rng.uniform(0, 700))
        units.append(unit(f"{index:04d}", median, spread, age_hours=age, **own))
    return units


def windows(
    count: int,
    units: int | None = None,
    work_hours: float | None = None,
    *,
    every_hours: float = 168.0,
) -> list[Window]:
    """Windows of eight hours, the first one a day from now."""
    starts = [NOW + timedelta(hours=24 + every_hours * index) for index in range(count)]
    return [Window(each, each + timedelta(hours=8), units, work_hours) for each in starts]
