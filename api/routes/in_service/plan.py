"""The maintenance plan of the fleet."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api.dependencies import path_params
from api.responses import examples
from api.responses.plans import PlanDocument
from api.responses.problems import documented
from events.maintenance import plan_stops
from GAN.config import limits
from GAN.profiles.profile import MachineId as KnownId

router = APIRouter(prefix="/api/gan/plan", tags=["units"])

_MEDIA_TYPES = {"json": "application/json", "csv": "text/csv", "ics": "text/calendar"}
_Cost = Annotated[float, Field(ge=limits.MIN_COST, le=limits.MAX_COST)]
_Window = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[^\x00]*$")]


class PlanQuery(BaseModel):
    """Windows, costs, and which units."""

    model_config = ConfigDict(extra="forbid")

    window: list[_Window] = Field(
        min_length=1,
        max_length=limits.MAX_PLAN_WINDOWS,
        description="`sunday 06:00-14:00, 3 units` or "
        "`2026-12-06T06:00/2026-12-06T14:00, 16 hours`; several times for several windows.",
        examples=[["sunday 06:00-14:00, 3 units"]],
    )
    failure_cost: _Cost = Field(default=10.0, examples=[10.0])
    stop_cost: _Cost = Field(default=1.0, examples=[1.0])
    stop_hours: float = Field(
        default=4.0,
        ge=limits.MIN_STOP_HOURS,
        le=limits.MAX_STOP_HOURS,
        description="How long a stop takes.",
        examples=[4.0],
    )
    zone: str = Field(
        default="UTC",
        max_length=60,
        pattern=r"^[A-Za-z0-9_+\-/]*$",
        description="Time zone of windows that name none.",
        examples=["Europe/Berlin"],
    )
    weeks: int = Field(
        default=4,
        ge=limits.MIN_PLAN_WEEKS,
        le=limits.MAX_PLAN_WEEKS,
        description="How many weeks a weekly window repeats.",
        examples=[4],
    )
    machine_id: list[KnownId] = Field(
        default=[],
        max_length=1_000,
        description="Only units of these machines.",
        examples=[[examples.MACHINE_ID]],
    )
    format: Literal["json", "csv", "ics"] = Field(default="json", examples=["json"])


@router.get(
    "",
    summary="Plan maintenance",
    response_model=PlanDocument,
    responses=documented(404, 422)
    | {
        200: {
            "content": {
                _MEDIA_TYPES["csv"]: {"schema": {"type": "string", "format": "binary"}},
                _MEDIA_TYPES["ics"]: {"schema": {"type": "string", "format": "binary"}},
            }
        }
    },
)
def plan(query: Annotated[PlanQuery, Query()]) -> Response:
    """Which units to stop in which window, from their newest predictions.

    The plan has the least expected cost; it says who is left out and why, and what the simple rules
    cost. `csv` has a row for each unit, `ics` an event for each stop.
    """
    for machine_id in query.machine_id:
        path_params.profile_of(machine_id)
    found = plan_stops(
        query.window,
        failure_cost=query.failure_cost,
        stop_cost=query.stop_cost,
        stop_hours=query.stop_hours,
        zone=query.zone,
        weeks=query.weeks,
        machine_ids=query.machine_id,
    )
    from GAN.maintenance.plan_calendar import icalendar_of
    from GAN.maintenance.plan_csv import csv_of

    if query.format == "csv":
        content = csv_of(found)
    elif query.format == "ics":
        content = icalendar_of(found)
    else:
        content = PlanDocument(**found.as_json()).model_dump_json()
    return Response(content, media_type=_MEDIA_TYPES[query.format])
