"""The fleet in figures."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from storage.queries.statistics import statistics

router = APIRouter(prefix="/api/gan/statistics", tags=["results"])


class Quality(BaseModel):
    """Scores of the models that were assessed, 0 to 1; null while there is none."""

    models: int
    mean: float | None
    lowest: float | None
    highest: float | None


class StageFigures(BaseModel):
    """The tasks of a stage."""

    jobs: dict[str, int] = Field(description="By status.", examples=[{"success": 12}])
    median_seconds: float | None = Field(description="Of its latest runs.")


class Statistics(BaseModel):
    """What the ledger has, counted."""

    machines: dict[str, int] = Field(description="By status.", examples=[{"onboarded": 12}])
    categories: dict[str, int] = Field(description="Machines.", examples=[{"pump": 3}])
    stages: dict[str, StageFigures]
    models: dict[str, int] = Field(description="By status.", examples=[{"accepted": 12}])
    quality: Quality
    events: int
    files: int
    bytes: int = Field(description="Of all files together.")


@router.get("", summary="The fleet in figures")
def show() -> Statistics:
    """Machines, tasks, models, scores, events and files, counted."""
    return Statistics.model_validate(statistics(), from_attributes=True)
