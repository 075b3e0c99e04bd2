"""What a maintenance plan is made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Window:
    """A time in which units may be stopped.

    Attributes:
        start: Start, with a time zone.
        end: End, with a time zone.
        units: Most units that are stopped in it; None: any number.
        work_hours: Most hours of work in it, the sum over its stops; None: any number.
    """

    start: datetime
    end: datetime
    units: int | None = None
    work_hours: float | None = None

    @property
    def hours(self) -> float:
        """Length, hours. A night in which the clocks change is an hour shorter or longer."""
        return (self.end.timestamp() - self.start.timestamp()) / 3600.0


@dataclass(frozen=True)
class UnitForecast:
    """A unit, and how long it may still run.

    Attributes:
        machine_id: Its machine type.
        unit: Its name.
        age_hours: Hours in service at `forecast_at`.
        rul_hours: Quantiles of RUL at `GAN.prognosis.heads.error_distribution.LEVELS`, ascending.
        forecast_at: Time of the forecast, with a time zone. RUL counts from it.
        failure_cost: Cost of its failure; None: that of the terms. Likewise the next two.
        stop_cost: Cost of a planned stop.
        stop_hours: Hours that a stop takes.
    """

    machine_id: str
    unit: str
    age_hours: float
    rul_hours: Sequence[float]
    forecast_at: datetime
    failure_cost: float | None = None
    stop_cost: float | None = None
    stop_hours: float | None = None


@dataclass(frozen=True)
class Terms:
    """What a failure and a stop cost, and how long a stop takes.

    Attributes:
        failure_cost: Cost of a failure with its consequences, in any currency.
        stop_cost: Cost of a planned stop, in the same currency.
        stop_hours: Hours that a stop takes, of the window and of work.
    """

    failure_cost: float
    stop_cost: float
    stop_hours: float
