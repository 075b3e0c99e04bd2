"""Register, list, show and delete machines."""

from __future__ import annotations

from typing import Annotated, Literal

import structlog
from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from api.auth.access import ADMIN, WRITE
from api.dependencies import pagination, path_params
from api.dependencies.bodies import SentProfile, profile_body
from api.dependencies.idempotency import TheRequest, answer
from api.dependencies.pagination import LedgerTime, Paging
from api.dependencies.path_params import MachineId
from api.dependencies.service import Service, TheService
from api.middleware.request_log import correlation_id
from api.responses import examples
from api.responses.models import (
    Artifact,
    Chain,
    Machine,
    MachineDetail,
    MachinePage,
    Model,
    Report,
    Step,
    sent,
)
from api.responses.problems import documented
from errors import Conflict, InvalidProfile
from events.bus import Send
from events.onboarding import NewMachine, new_machine, register
from events.plan import Plan
from GAN.layout import report_key
from GAN.profiles.profile import MachineId as KnownId
from GAN.profiles.profile import MachineProfile, Name
from storage.artifacts import registry
from storage.clients.idempotency import Answer
from storage.operations import control
from storage.queries import lineage, machines, pages
from storage.queries.machines import MachineState
from storage.status import MachineStatus

router = APIRouter(prefix="/api/gan/machines", tags=["machines"])

_LOCATION = f"/api/gan/machines/{examples.MACHINE_ID}"

Order = Literal["machine_id", "-machine_id", "created_at", "-created_at"]


class MachineQuery(Paging):
    """Filters and order of a list of machines."""

    sort: Order = Field(
        default="machine_id", description="`-` for the reverse.", examples=["-created_at"]
    )
    status: MachineStatus | None = Field(default=None, examples=["onboarded"])
    stage: Name | None = Field(
        default=None, description="Stage that the status comes from.", examples=["train_tvae"]
    )
    category: Name | None = Field(default=None, examples=["pump"])
    manufacturer: str | None = Field(
        default=None, pattern=r"^[^\x00]*$", max_length=200, examples=["Example"]
    )


@router.post(
    "",
    status_code=201,
    dependencies=[WRITE],
    summary="Register a machine",
    response_model=Machine,
    responses=documented(409, 415, 422)
    | {201: {"headers": {"Location": {"schema": {"type": "string"}, "example": _LOCATION}}}},
    openapi_extra=profile_body(),
)
def create(
    request: Request,
    profile: SentProfile,
    once: TheRequest,
    service: TheService,
    start: Annotated[
        bool,
        Query(
            description="Start its chain. If false, it is only registered; start stages by hand.",
            examples=[False],
        ),
    ] = True,
) -> Response:
    """Create a machine from its profile and publish `MachineCreated`, which starts its chain.

    If the machine exists, even with the same profile, the status is 409.
    """
    new = new_machine("profile", profile.read())

    def effect(send: Send) -> Answer:
        _create(new, Plan() if start else None, send, once.actor, correlation_id(request))
        (machine,) = _shown(service, [machines.machine(new.machine_id)])
        return answer(201, machine, f"/api/gan/machines/{new.machine_id}")

    return once(effect)


def _create(
    new: NewMachine, plan: Plan | None, send: Send, actor: str, correlation_id: str
) -> None:
    machine_id = new.machine_id
    where = f"/api/gan/machines/{machine_id}"
    try:
        registered = register([new], plan, send, actor=actor, correlation_id=correlation_id)
    except InvalidProfile:
        other = "choose another machine_id, or first"
        message = f"{machine_id} exists with another profile; {other} DELETE {where}"
        raise Conflict(message) from None
    if not registered.created:
        start = f"start a stage of it: POST {where}/seed"
        raise Conflict(f"{machine_id} exists with this profile; see GET {where}, or {start}")


@router.get("", summary="All machines", response_model=MachinePage, responses=documented(422))
def list_machines(service: TheService, query: Annotated[MachineQuery, Query()]) -> Response:
    """Machines with their stage and status, a page at a time.

    A machine that exists throughout is on exactly one page.
    """
    order, descending = query.sort.removeprefix("-"), query.sort.startswith("-")
    shape = tuple[KnownId, KnownId] if order == "machine_id" else tuple[LedgerTime, KnownId]
    found = pages.machines(
        order=order,
        descending=descending,
        after=pagination.position(query.cursor, query.sort, shape),
        limit=query.limit + 1,
        **query.model_dump(include={"status", "stage", "category", "manufacturer"}),
    )
    items, more = found[: query.limit], len(found) > query.limit
    last = items[-1] if more else None
    cursor = last and pagination.cursor(query.sort, getattr(last, order), last.machine_id)
    return sent(MachinePage(items=_shown(service, items), next_cursor=cursor))


def _shown(service: Service, states: list[MachineState]) -> list[Machine]:
    progress = service.progress.of(states)
    return [Machine.of(one, progress.get(one.machine_id, (None, None))[1]) for one in states]


@router.get(
    "/{machine_id}",
    summary="One machine",
    response_model=MachineDetail,
    responses=documented(404),
)
def show(machine_id: MachineId, service: TheService) -> Response:
    """A machine's profile, chains, files, latest model and report."""
    where = path_params.machine(machine_id)
    files = registry.of_machine(machine_id)
    model = lineage.newest_model(machine_id)
    report = files.get(report_key(machine_id))
    href = f"/api/gan/machines/{machine_id}/report"
    shown = MachineDetail.of(
        where,
        service.progress.of([where]).get(machine_id, (None, None))[1],
        profile=MachineProfile.model_validate_json(path_params.profile_of(machine_id)),
        chain=[
            Step.model_validate(step, from_attributes=True) for step in lineage.steps(machine_id)
        ],
        chains=[Chain.of(chain) for chain in machines.chains(machine_id)],
        artifacts=[Artifact.of(file) for file in files.values()],
        latest_model=Model.model_validate(model, from_attributes=True) if model else None,
        report=report and Report(href=href, page_href=f"{href}.html", sha256=report.sha256),
    )
    return sent(shown)


@router.delete(
    "/{machine_id}",
    status_code=204,
    dependencies=[ADMIN],
    summary="Delete a machine",
    responses=documented(404),
)
def delete(machine_id: MachineId, service: TheService) -> None:
    """Delete a machine: cancel its tasks, and remove its rows and files.

    `fleetforge gc` removes files that cannot be removed now.
    """
    path_params.profile_of(machine_id)
    try:
        control.remove_machine(machine_id, service.store)
    except OSError as error:  # The rows are deleted, so the machine is gone.
        log = structlog.get_logger()
        log.warning("files left to gc", machine=machine_id, reason=str(error))
