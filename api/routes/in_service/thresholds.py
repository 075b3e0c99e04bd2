"""Where the levels of a machine's units begin."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api.auth.access import WRITE
from api.dependencies import path_params
from api.dependencies.bodies import json_body, json_of
from api.dependencies.idempotency import TheRequest, answer
from api.dependencies.path_params import MachineId
from api.responses.models import sent
from api.responses.problems import documented
from events.bus import Send
from events.levels import set_thresholds, thresholds_of
from GAN.config.thresholds import Thresholds
from storage.clients.idempotency import Answer

router = APIRouter(prefix="/api/gan/machines/{machine_id}/thresholds", tags=["units"])


@router.get(
    "",
    summary="Where levels begin",
    response_model=Thresholds,
    responses=documented(404),
)
def show(machine_id: MachineId) -> Response:
    """The probabilities at which the levels of this machine's units begin."""
    path_params.profile_of(machine_id)
    return sent(thresholds_of(machine_id))


@router.post(
    "",
    dependencies=[WRITE],
    summary="Set where levels begin",
    response_model=Thresholds,
    responses=documented(404, 415, 422),
    openapi_extra=json_body(Thresholds),
)
def change(
    machine_id: MachineId,
    once: TheRequest,
    wanted: Annotated[Thresholds | None, Depends(json_of(Thresholds))],
) -> Response:
    """Set all three; a field that is missing gets its default. The units are predicted again.

    An alarm at the probability p is right if a failure costs 1/p - 1 planned stops.
    """
    path_params.profile_of(machine_id)
    new = wanted or Thresholds()

    def effect(send: Send) -> Answer:
        set_thresholds(machine_id, new, send, once.actor)
        return answer(200, new)

    return once(effect)
