"""What operators look at and set: queues and workers, and why a machine is not finished."""

from __future__ import annotations

from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Path, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field

from actors.stage import queues as declared
from api.auth.access import WRITE
from api.dependencies import path_params
from api.dependencies.bodies import json_body, json_of
from api.dependencies.idempotency import TheRequest, answer
from api.dependencies.path_params import MachineId
from api.dependencies.service import Service, TheService
from api.responses.models import sent
from api.responses.operations import Queue, Queues, Why, Worker, Workers
from api.responses.problems import documented
from errors import BrokerUnavailable, NotFound
from events.bus import Send
from events.explanation import explain
from storage.clients.idempotency import Answer
from storage.database import transaction
from storage.ledger import outbox
from storage.ledger import queues as stored
from storage.ledger.queues import QueueState
from storage.queries.diagnosis import diagnose
from storage.queries.workers import roster

router = APIRouter(prefix="/api/gan", tags=["operations"])

QueueName = Annotated[str, Path(description="As the list has it.", examples=["train"])]


class QueueChange(BaseModel):
    """New settings of a queue; those that are missing stay as they are."""

    model_config = ConfigDict(extra="forbid", strict=True)

    paused: bool | None = Field(default=None, description="Whether no task of it may start.")
    concurrency: Annotated[int, Field(ge=1, lt=2**31)] | None = Field(
        default=None, description="How many may run at once on all hosts; null: any number."
    )
    priority: Annotated[int, Field(ge=-1000, le=1000)] | None = None


@router.get("/queues", summary="All queues", response_model=Queues)
def list_queues() -> Response:
    """The settings and the load of each queue."""
    found = {name: QueueState(name) for name in declared()} | stored.states()
    return sent(Queues(items=[Queue.of(queue) for _, queue in sorted(found.items())]))


@router.post(
    "/queues/{name}",
    dependencies=[WRITE],
    summary="Pause, resume or limit a queue",
    response_model=Queue,
    responses=documented(404, 415, 422),
    openapi_extra=json_body(QueueChange),
)
def set_queue(
    name: QueueName,
    once: TheRequest,
    change: Annotated[QueueChange | None, Depends(json_of(QueueChange))],
) -> Response:
    """Change settings of a queue; they apply to the workers of all hosts.

    Tasks that run go on. Tasks that wait start at once if the queue lets them.
    """
    if name not in declared():
        raise NotFound(f"no queue {name[:60]!a}; there are {', '.join(declared())}")
    wanted = change or QueueChange()
    if not wanted.model_fields_set:
        message = "write paused, concurrency or priority"
        raise RequestValidationError([{"type": "missing", "loc": ("body",), "msg": message}])

    def effect(send: Send) -> Answer:
        with transaction():
            _apply(name, wanted, once.actor)
        structlog.get_logger().info(
            "queue changed",
            queue=name,
            actor=once.actor,
            **wanted.model_dump(include=wanted.model_fields_set),
        )
        send(outbox.take_unsent(stored.states()))
        return answer(200, Queue.of(stored.states().get(name, QueueState(name))))

    return once(effect)


@router.get("/workers", summary="All workers", response_model=Workers)
def list_workers() -> Response:
    """The workers that have not signed off, silent ones too, and the tasks that each runs."""
    return sent(Workers(items=[Worker.of(worker) for worker in roster()]))


@router.get(
    "/machines/{machine_id}/why",
    summary="Why a machine is not finished",
    response_model=Why,
    responses=documented(404),
)
def why(service: TheService, machine_id: MachineId) -> Response:
    """The state of its onboarding, what it waits for, and what to do: as `fleetforge why`."""
    path_params.profile_of(machine_id)
    found = explain(diagnose(machine_id, lambda: _broker_answers(service)))
    return sent(Why.model_validate(found, from_attributes=True))


def _apply(name: str, wanted: QueueChange, actor: str) -> None:
    if wanted.paused is not None:
        (stored.pause if wanted.paused else stored.resume)(name, actor)
    if "concurrency" in wanted.model_fields_set:
        stored.limit(name, wanted.concurrency, actor)
    if wanted.priority is not None:
        stored.prefer(name, wanted.priority, actor)


def _broker_answers(service: Service) -> bool:
    try:
        service.broker.ping()
    except BrokerUnavailable:
        return False
    return True
