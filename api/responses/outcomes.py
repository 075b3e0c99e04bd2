"""The body of forecasts against outcomes; docs/outcomes.md explains the figures."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from api.responses.models import Time
from storage.queries.in_service.outcomes import report


class _Figures(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Share(_Figures):
    """How many of some cases are so, with a 90 % interval (Wilson)."""

    count: int
    of: int
    share: float | None = Field(description="Null without a case.")
    low: float | None
    high: float | None


class Rate(_Figures):
    """How often something happened in 1,000 hours in service, with a 90 % interval (Poisson)."""

    count: int
    hours: float
    per_1000_hours: float | None = Field(description="Null without an hour.")
    low: float | None
    high: float | None


class HorizonFigures(_Figures):
    """What was forecast some hours before failures."""

    hours: int = Field(description="The horizon.", examples=[24])
    lives: int = Field(description="Lives that ended by a failure.")
    too_short: int = Field(description="Of these, lives that had not begun by then.")
    without: int = Field(description="Of these, lives without a recent forecast by then.")
    made_later: int = Field(description="Forecasts made after that time, from late readings.")
    hit: Share = Field(description="The level was warning or alarm by then.")
    coverage: Share = Field(description="The true RUL was within the 90 % interval.")
    mode: Share = Field(description="The likeliest failure mode was the reported one.")
    median_absolute_error_hours: float | None
    bias_hours: float | None = Field(
        description="Mean of forecast less true RUL; positive: failures came sooner than forecast."
    )


class AlertFigures(_Figures):
    """Alerts that reached warning or alarm."""

    raised: int
    right: int = Field(description="The unit failed within the planning horizon.")
    undecided: int = Field(description="Not known yet, or maintenance came first.")
    false: Rate = Field(description="The others.")


class VersionOutcomes(_Figures):
    """The forecasts and alerts of one version of a machine's predictor."""

    machine_id: str
    version: int | None = Field(description="Null for versions that are removed.")
    horizons: list[HorizonFigures]
    alerts: AlertFigures = Field(description="Without a rate: its hours are not known.")


class MonthOutcomes(_Figures):
    """A month of service: lives that ended in it, and alerts that were raised in it."""

    month: str = Field(description="In UTC.", examples=["2026-11"])
    failed: int
    maintained: int
    horizons: list[HorizonFigures]
    alerts: AlertFigures


class Outcomes(_Figures):
    """Forecasts against outcomes; by the times of readings."""

    machine_id: str | None
    since: Time | None
    until: Time | None
    shortened: bool = Field(description="Whether there is more before `since`.")
    failed: int = Field(description="Lives that ended by a failure.")
    maintained: int = Field(description="Lives that ended by maintenance; in no other figure.")
    maintained_under_alert: int = Field(description="Of these, those at warning or alarm.")
    horizons: list[HorizonFigures]
    alerts: AlertFigures
    by_version: list[VersionOutcomes]
    by_month: list[MonthOutcomes]

    @classmethod
    def of(cls, found: report.Outcomes) -> Self:
        """Outcomes as the ledger has them."""
        return cls.model_validate(found)
