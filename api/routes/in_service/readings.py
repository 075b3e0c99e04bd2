"""Readings of units."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.auth.access import WRITE
from api.dependencies import path_params
from api.dependencies.idempotency import IdempotentRequest, TheRequest, answer
from api.dependencies.path_params import MachineId
from api.dependencies.readings import ReadingsBody, SentReadings, readings_body
from api.dependencies.service import Service, TheService
from api.responses.problems import as_fields, documented
from api.responses.units import ReadingsTaken
from events.bus import Send
from events.telemetry import take_in
from storage.clients.idempotency import Answer

router = APIRouter(prefix="/api/gan", tags=["units"])


@router.post(
    "/readings",
    status_code=202,
    dependencies=[WRITE],
    summary="Send readings of any machines",
    response_model=ReadingsTaken,
    responses=documented(415, 422),
    openapi_extra=readings_body(),
)
def send(service: TheService, readings: SentReadings, once: TheRequest) -> Response:
    """Take readings in; predictions of their units follow.

    A row is `{"machine", "unit", "at", "readings": {sensor: number}}`; a table has a column for
    each of these names and each sensor. All good rows are taken together, the others are refused.
    The same rows again change nothing. At most 8,000,000 bytes and 50,000 rows.
    """
    return _take_in(service, readings, once, None)


@router.post(
    "/machines/{machine_id}/readings",
    status_code=202,
    dependencies=[WRITE],
    summary="Send readings of one machine",
    response_model=ReadingsTaken,
    responses=documented(404, 415, 422),
    openapi_extra=readings_body(),
)
def send_of_machine(
    service: TheService, machine_id: MachineId, readings: SentReadings, once: TheRequest
) -> Response:
    """Take readings in as `POST /api/gan/readings` does; rows need not name the machine."""
    path_params.profile_of(machine_id)
    return _take_in(service, readings, once, machine_id)


def _take_in(
    service: Service, readings: ReadingsBody, once: IdempotentRequest, machine_id: str | None
) -> Response:
    batch = readings.read()

    def effect(send: Send) -> Answer:
        taken = take_in(
            batch,
            send,
            actor=once.actor,
            machine_id=machine_id,
            max_units=service.settings.max_units,
        )
        body = ReadingsTaken(
            taken=taken.taken,
            known=taken.known,
            late=taken.late,
            refused=taken.refused,
            problems=as_fields(taken.problems),
        )
        return answer(202, body)

    return once(effect)
