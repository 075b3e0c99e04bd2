"""The body of a maintenance plan; docs/maintenance_plan.md explains its fields."""

from __future__ import annotations

from pydantic import BaseModel, Field


class PlanWindow(BaseModel):
    """A time in which units may be stopped."""

    start: str
    end: str
    units: int | None = Field(description="Most units; null: any number.")
    work_hours: float | None = Field(description="Most hours of work; null: any number.")


class WindowUse(BaseModel):
    """A window, and what the plan uses of it."""

    window: PlanWindow
    units: int
    work_hours: float


class PlanCost(BaseModel):
    """The parts of an expected cost."""

    failure: float
    stop: float
    lost_life: float
    later_stop: float


class PlannedStop(BaseModel):
    """A unit that is stopped."""

    machine_id: str
    unit: str
    window: int = Field(description="Index of its window in the plan.")
    stop_hours: float
    failure_probability: float = Field(description="Of a failure before the window.")
    cost: PlanCost
    saved: float = Field(description="What it would cost more if it were left out.")
    reason: str
    expected_cost: float


class UnitLeftOut(BaseModel):
    """A unit that is not stopped."""

    machine_id: str
    unit: str
    failure_probability: float = Field(description="Of a failure within the horizon.")
    cost: PlanCost
    because: str
    reason: str
    expected_cost: float


class RuleCost(BaseModel):
    """What another rule costs with the same windows."""

    rule: str = Field(examples=["run to failure"])
    expected_cost: float
    expected_failures: float
    stops: int


class PlanDocument(BaseModel):
    """A maintenance plan."""

    made_for: str
    horizon_end: str
    windows: list[WindowUse]
    stops: list[PlannedStop] = Field(description="Units, their windows, and why.")
    left_out: list[UnitLeftOut] = Field(description="The others, and why.")
    expected_cost: float
    expected_failures: float
    at_most_above_best: float = Field(description="No plan is cheaper by more than this.")
    rules: list[RuleCost] = Field(description="What other rules cost.")
