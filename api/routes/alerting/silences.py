"""Silences: times of planned work in which alerts are not sent."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth.access import ADMIN, WRITE
from api.dependencies.bodies import json_body, json_of
from api.dependencies.idempotency import TheRequest, answer
from api.dependencies.pagination import LedgerTime
from api.dependencies.path_params import ledger_id
from api.responses.alerting import Silence, SilenceList
from api.responses.models import sent
from api.responses.problems import documented
from errors import InvalidInput, Problem
from events.bus import Send
from GAN.profiles.profile import MachineId as KnownId
from GAN.telemetry.checking import UNIT_PATTERN
from storage.clients.idempotency import Answer
from storage.delivery import announcements, silences
from storage.delivery.silences import NewSilence

router = APIRouter(prefix="/api/gan/silences", tags=["alerts"])


class SilenceRequest(BaseModel):
    """A silence to be added."""

    model_config = ConfigDict(extra="forbid", strict=True)

    machine_id: KnownId | None = Field(default=None, description="All machines if absent.")
    unit: str | None = Field(
        default=None, max_length=60, description="All units of the machine if absent."
    )
    starts_at: LedgerTime | None = Field(default=None, description="Now if absent.")
    ends_at: LedgerTime
    note: str = Field(default="", max_length=1_000, pattern=r"^[^\x00]*$")


@router.get("", summary="Silences", response_model=SilenceList)
def list_silences() -> Response:
    """Silences that are in force or to come, the first to end first."""
    return sent(SilenceList(items=[Silence.of(one) for one in silences.silences()]))


@router.post(
    "",
    status_code=201,
    dependencies=[WRITE],
    summary="Add a silence",
    response_model=Silence,
    responses=documented(404, 415, 422),
    openapi_extra=json_body(SilenceRequest),
)
def add_silence(
    once: TheRequest,
    asked: Annotated[SilenceRequest | None, Depends(json_of(SilenceRequest))],
) -> Response:
    """Record alerts without sending them for a time, for planned work; at most 30 days.

    An alert that rises meanwhile is sent when the silence ends, if it is still open then.
    """

    def effect(_: Send) -> Answer:
        if asked is None:
            problem = Problem("ends_at", "missing", "write when the silence ends, ms since 1970")
            raise InvalidInput("request", [problem])
        if asked.unit is not None and not UNIT_PATTERN.fullmatch(asked.unit):
            problem = Problem("unit", "not the name of a unit", "see GET /api/gan/units")
            raise InvalidInput("request", [problem])
        return answer(201, Silence.of(silences.add(NewSilence(**vars(asked)), once.actor)))

    return once(effect)


@router.delete(
    "/{silence_id}",
    status_code=204,
    dependencies=[ADMIN],
    summary="Remove a silence",
    responses=documented(404),
)
def remove_silence(silence_id: Annotated[str, Path(examples=["1"])]) -> None:
    """Remove a silence; the open alerts that rose in it are sent."""
    announcements.end_silence(ledger_id(silence_id, "silence", "GET /api/gan/silences"))
