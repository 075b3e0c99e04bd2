"""Asking for new predictions."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth.access import WRITE
from api.dependencies import path_params
from api.dependencies.bodies import json_body, json_of
from api.dependencies.idempotency import TheRequest, answer
from api.responses.problems import documented
from api.responses.units import PredictionTask, PredictionTasks
from events.bus import Send
from events.predictors import request_predictions
from storage.clients.idempotency import Answer
from storage.queries import predictors

router = APIRouter(prefix="/api/gan/predictions", tags=["units"])


class PredictionRequest(BaseModel):
    """Which machines' units to predict."""

    model_config = ConfigDict(extra="forbid", strict=True)

    machine_ids: Literal["all"] | Annotated[list[str], Field(max_length=1_000)] = "all"


@router.post(
    "",
    status_code=202,
    dependencies=[WRITE],
    summary="Predict units again",
    response_model=PredictionTasks,
    responses=documented(404, 415, 422),
    openapi_extra=json_body(PredictionRequest),
)
def predict(
    once: TheRequest,
    asked: Annotated[PredictionRequest | None, Depends(json_of(PredictionRequest))],
) -> Response:
    """Use the readings that wait, and predict all units of some machines, or of all of them."""
    wanted = (asked or PredictionRequest()).machine_ids

    def effect(send: Send) -> Answer:
        if wanted == "all":
            machine_ids = [row.machine_id for row in predictors.predictors()]
        else:
            machine_ids = list(dict.fromkeys(wanted))
            for machine_id in machine_ids:
                path_params.profile_of(machine_id)
        items = []
        for machine_id in machine_ids:
            jobs = request_predictions(machine_id, once.actor)
            send(jobs)
            items += [PredictionTask(machine_id=machine_id, task_id=job.job_id) for job in jobs]
        return answer(202, PredictionTasks(items=items))

    return once(effect)
