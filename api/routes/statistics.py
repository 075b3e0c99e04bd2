"""Statistics of the fleet."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from storage.queries.statistics import statistics

router = APIRouter(prefix="/api/gan/statistics", tags=["results"])


class StageFigures(BaseModel):
    """The tasks of a stage."""

    jobs: dict[str, int] = Field(description="By status.", examples=[{"success": 12}])
    median_seconds: float | None = Field(description="Median duration of its latest runs.")


class Statistics(BaseModel):
    """Counts over the whole ledger."""

    machines: dict[str, int] = Field(description="By status.", examples=[{"onboarded": 12}])
    categories: dict[str, int] = Field(description="Machines by category.", examples=[{"pump": 3}])
    stages: dict[str, StageFigures]
    models: dict[str, int] = Field(description="By status.", examples=[{"accepted": 12}])
    events: int
    files: int
    bytes: int = Field(description="Total size of all files.")


@router.get("", summary="Statistics of the fleet")
def show() -> Statistics:
    """Counts of machines, tasks, models, events and files."""
    return Statistics.model_validate(statistics(), from_attributes=True)
