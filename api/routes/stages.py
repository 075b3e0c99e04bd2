"""Requests that run a stage; the chain continues from there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from actors.generate import generate_synthetic
from actors.seed import generate_seed
from actors.stage import StageFunction
from actors.train import train_tvae
from api.auth.access import WRITE
from api.dependencies import path_params
from api.dependencies.bodies import json_body, json_of
from api.dependencies.idempotency import IdempotentRequest, TheRequest, answer
from api.dependencies.path_params import MachineId
from api.middleware.request_log import correlate, correlation_id
from api.responses.models import Task
from api.responses.problems import documented
from api.routes.tasks import describe
from events import manual
from events.bus import Send
from events.manual import Caller, Started
from events.plan import Epochs, SeedNumber, SeedRows, SetRows
from storage.clients.idempotency import Answer
from storage.queries import jobs as job_queries

router = APIRouter(prefix="/api/gan/machines/{machine_id}", tags=["stages"])

_RESPONSES: dict[int | str, dict[str, Any]] = documented(404, 409, 415, 422) | {
    202: {"headers": {"Location": {"schema": {"type": "string"}, "example": "/api/gan/tasks/2"}}}
}
Starter = Callable[[str, dict[str, Any], Caller], Started]


class _Asked(BaseModel):
    """A field that is missing or null keeps the value of the last run."""

    model_config = ConfigDict(extra="forbid", strict=True)


class SeedRequest(_Asked):
    """Settings of the seed to simulate."""

    rows: SeedRows | None = None
    seed: SeedNumber | None = Field(
        default=None, description="Random seed: the whole chain is repeatable with it."
    )


class TrainRequest(_Asked):
    """Settings of the training."""

    epochs: Epochs | None = None


class GenerateRequest(_Asked):
    """Rows of each synthetic set."""

    train: SetRows | None = None
    val: SetRows | None = None
    test: SetRows | None = None


@router.post(
    "/seed",
    status_code=202,
    dependencies=[WRITE],
    summary="Simulate a seed",
    response_model=Task,
    responses=_RESPONSES,
    openapi_extra=json_body(SeedRequest),
)
def seed(
    request: Request,
    machine_id: MachineId,
    once: TheRequest,
    asked: Annotated[SeedRequest | None, Depends(json_of(SeedRequest))],
) -> Response:
    """Publish `SeedRequested`: simulate a seed from the profile, then continue the chain.

    `seed`, `train` and `generate` restart the chain at their stage: they first cancel the tasks of
    the chain that have not ended. Fields that are missing in the body keep the values of the last
    run.
    """
    return _start(request, machine_id, once, asked, manual.start_seed, generate_seed)


@router.post(
    "/train",
    status_code=202,
    dependencies=[WRITE],
    summary="Train a model",
    response_model=Task,
    responses=_RESPONSES,
    openapi_extra=json_body(TrainRequest),
)
def train(
    request: Request,
    machine_id: MachineId,
    once: TheRequest,
    asked: Annotated[TrainRequest | None, Depends(json_of(TrainRequest))],
) -> Response:
    """Publish `TrainingRequested`: train on the newest seed, then continue the chain."""
    return _start(request, machine_id, once, asked, manual.start_training, train_tvae)


@router.post(
    "/generate",
    status_code=202,
    dependencies=[WRITE],
    summary="Generate synthetic sets",
    response_model=Task,
    responses=_RESPONSES,
    openapi_extra=json_body(GenerateRequest),
)
def generate(
    request: Request,
    machine_id: MachineId,
    once: TheRequest,
    asked: Annotated[GenerateRequest | None, Depends(json_of(GenerateRequest))],
) -> Response:
    """Publish `GenerationRequested`: generate sets from the newest model, then assess them."""
    return _start(
        request, machine_id, once, asked, manual.start_generation, generate_synthetic, "samples"
    )


def _start(
    request: Request,
    machine_id: str,
    once: IdempotentRequest,
    asked: BaseModel | None,
    start: Starter,
    stage: StageFunction,
    field: str | None = None,
) -> Response:
    changes = asked.model_dump(exclude_none=True) if asked is not None else {}

    def effect(send: Send) -> Answer:
        path_params.profile_of(machine_id)
        plan = {field: changes} if field and changes else changes
        caller = Caller(once.actor, send, correlation_id(request))
        started = start(machine_id, plan, caller)
        correlate(request, started.correlation_id)
        jobs = map(job_queries.job, started.jobs)
        (job,) = (job for job in jobs if job.stage == stage.__name__)
        return answer(202, describe(job), f"/api/gan/tasks/{job.id}")

    return once(effect)
