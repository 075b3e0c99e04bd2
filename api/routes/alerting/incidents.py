"""Incidents: many alerts of one cause at once."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import Field

from api.auth.access import WRITE
from api.dependencies import pagination
from api.dependencies.bodies import json_body, json_of
from api.dependencies.idempotency import TheRequest, answer
from api.dependencies.pagination import LedgerId, Paging
from api.dependencies.path_params import ledger_id
from api.responses.alerting import Incident, IncidentPage
from api.responses.models import sent
from api.responses.problems import documented
from api.routes.alerting.alerts import Acknowledgement
from events.bus import Send
from storage.clients.idempotency import Answer
from storage.database import transaction
from storage.delivery import incident_facts
from storage.telemetry.alerts import acknowledge_incident

router = APIRouter(prefix="/api/gan/incidents", tags=["alerts"])


class IncidentQuery(Paging):
    """Filters of a list of incidents."""

    open: bool | None = Field(
        default=None, description="Only open ones, or only ended ones.", examples=[True]
    )


@router.get("", summary="Incidents", response_model=IncidentPage, responses=documented(422))
def list_incidents(query: Annotated[IncidentQuery, Query()]) -> Response:
    """Incidents, the newest first: more than five alerts of one cause within five minutes."""
    position = pagination.position(query.cursor, "-id", tuple[LedgerId])
    found = incident_facts.incidents(
        is_open=query.open, before=position[0] if position else None, limit=query.limit + 1
    )
    page = found[: query.limit]
    cursor = pagination.cursor("-id", page[-1].id) if len(found) > query.limit else None
    return sent(IncidentPage(items=[Incident.of(one) for one in page], next_cursor=cursor))


@router.post(
    "/{incident_id}/acknowledge",
    dependencies=[WRITE],
    summary="Acknowledge an incident",
    response_model=Incident,
    responses=documented(404, 409, 415, 422),
    openapi_extra=json_body(Acknowledgement),
)
def acknowledge_all(
    incident_id: Annotated[str, Path(examples=["1"])],
    once: TheRequest,
    said: Annotated[Acknowledgement | None, Depends(json_of(Acknowledgement))],
) -> Response:
    """Acknowledge the open alerts of an incident that are not acknowledged yet."""

    def effect(_: Send) -> Answer:
        known = ledger_id(incident_id, "incident", "GET /api/gan/incidents")
        with transaction():
            acknowledge_incident(known, once.actor, said.note if said is not None else "")
        return answer(200, Incident.of(incident_facts.incident(known)))

    return once(effect)
