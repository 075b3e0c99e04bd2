"""Forecasts against outcomes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api.dependencies import path_params
from api.dependencies.pagination import LedgerTime
from api.dependencies.service import TheService
from api.responses import examples
from api.responses.models import sent
from api.responses.outcomes import Outcomes
from api.responses.problems import documented
from GAN.profiles.profile import MachineId as KnownId
from storage.queries.in_service.outcomes.report import outcomes

router = APIRouter(prefix="/api/gan/outcomes", tags=["units"])


class OutcomeQuery(BaseModel):
    """Which lives and alerts."""

    model_config = ConfigDict(extra="forbid")

    machine_id: KnownId | None = Field(
        default=None, description="Only of this machine.", examples=[examples.MACHINE_ID]
    )
    since: LedgerTime | None = Field(
        default=None, description="Only at or after this.", examples=[1795953600000]
    )
    until: LedgerTime | None = Field(
        default=None, description="Only at or before this.", examples=[1795953600000]
    )


@router.get(
    "",
    summary="Forecasts against outcomes",
    response_model=Outcomes,
    responses=documented(404, 422),
)
def compare(service: TheService, query: Annotated[OutcomeQuery, Query()]) -> Response:
    """What was forecast 8, 24 and 168 hours before each failure, and which alerts were false.

    The figures of few lives say little: each has its number of cases and a 90 % interval. Lives
    that ended by maintenance are counted and judged nowhere. At most the newest 10,000 lives.
    """
    if query.machine_id is not None:
        path_params.profile_of(query.machine_id)
    found = outcomes(
        silent_hours=service.settings.silent_hours,
        machine_id=query.machine_id,
        since=query.since,
        until=query.until,
    )
    return sent(Outcomes.of(found))
