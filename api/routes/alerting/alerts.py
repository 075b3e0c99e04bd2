"""Alerts of units."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth.access import WRITE
from api.dependencies import pagination
from api.dependencies.bodies import json_body, json_of
from api.dependencies.idempotency import TheRequest, answer
from api.dependencies.pagination import LedgerId, Paging
from api.responses import examples
from api.responses.models import sent
from api.responses.problems import documented
from api.responses.units import Alert, AlertPage
from errors import NotFound
from events.bus import Send
from GAN.profiles.profile import MachineId as KnownId
from storage.clients.idempotency import Answer
from storage.database import transaction
from storage.queries.in_service import alerts
from storage.telemetry.alerts import acknowledge

router = APIRouter(prefix="/api/gan/alerts", tags=["units"])


class AlertQuery(Paging):
    """Filters of a list of alerts."""

    open: bool | None = Field(
        default=None, description="Only open ones, or only cleared ones.", examples=[True]
    )
    machine_id: KnownId | None = Field(default=None, examples=[examples.MACHINE_ID])
    incident_id: LedgerId | None = Field(
        default=None, description="Only alerts of this incident.", examples=[1]
    )


class Acknowledgement(BaseModel):
    """Somebody has seen an alert."""

    model_config = ConfigDict(extra="forbid", strict=True)

    note: str = Field(default="", max_length=1_000, pattern=r"^[^\x00]*$")


@router.get("", summary="Alerts", response_model=AlertPage, responses=documented(422))
def list_alerts(query: Annotated[AlertQuery, Query()]) -> Response:
    """Alerts, the newest first. An alert is open until its unit is healthy again or replaced."""
    position = pagination.position(query.cursor, "-id", tuple[LedgerId])
    found = alerts.alerts(
        machine_id=query.machine_id,
        incident_id=query.incident_id,
        is_open=query.open,
        before=position[0] if position else None,
        limit=query.limit + 1,
    )
    page = found[: query.limit]
    cursor = pagination.cursor("-id", page[-1].id) if len(found) > query.limit else None
    return sent(AlertPage(items=[Alert.of(row) for row in page], next_cursor=cursor))


@router.post(
    "/{alert_id}/acknowledge",
    dependencies=[WRITE],
    summary="Acknowledge an alert",
    response_model=Alert,
    responses=documented(404, 409, 415, 422),
    openapi_extra=json_body(Acknowledgement),
)
def acknowledge_alert(
    alert_id: Annotated[int, Path(examples=[1])],
    once: TheRequest,
    said: Annotated[Acknowledgement | None, Depends(json_of(Acknowledgement))],
) -> Response:
    """Record who has seen an alert. If it rises to a higher level, it has to be seen again."""

    def effect(_: Send) -> Answer:
        if not 0 < alert_id < 2**63:
            raise NotFound(f"no alert {str(alert_id)[:30]}; see GET /api/gan/alerts")
        with transaction():
            acknowledge(alert_id, once.actor, said.note if said is not None else "")
        return answer(200, Alert.of(alerts.alert(alert_id)))

    return once(effect)
