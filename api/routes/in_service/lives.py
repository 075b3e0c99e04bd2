"""What happened to units: failures, replacements and repairs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth.access import WRITE
from api.dependencies import path_params
from api.dependencies.bodies import json_body, json_of
from api.dependencies.idempotency import IdempotentRequest, TheRequest, answer
from api.dependencies.pagination import LedgerTime
from api.dependencies.path_params import MachineId, UnitName
from api.responses.problems import documented
from api.responses.units import LifeEnd, RepairedUnit
from events.bus import Send
from events.lives import end_life, repair
from storage.clients.idempotency import Answer
from storage.database import clock_ms
from storage.telemetry.lives import EndedBy, Ending
from storage.telemetry.repairs import Repair

router = APIRouter(prefix="/api/gan", tags=["units"])


class _Report(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    at: LedgerTime | None = Field(
        default=None, description="When it happened, ms since 1970; now if absent."
    )
    note: str = Field(default="", max_length=1_000, pattern=r"^[^\x00]*$")


class FailureReport(_Report):
    """A failure of a unit."""

    mode: str | None = Field(
        default=None, max_length=60, description="A failure mode of the profile, if it is known."
    )


class MaintenanceReport(_Report):
    """A replacement or an overhaul of a unit."""


class RepairReport(_Report):
    """A repair of a part of a unit."""

    sensors: list[Annotated[str, Field(max_length=100)]] = Field(
        default_factory=list,
        max_length=200,
        description="The sensors that measure what was repaired.",
    )


@router.post(
    "/machines/{machine_id}/units/{unit}/failures",
    status_code=202,
    dependencies=[WRITE],
    summary="Report a failure",
    response_model=LifeEnd,
    responses=documented(404, 409, 415, 422),
    openapi_extra=json_body(FailureReport),
)
def failed(
    machine_id: MachineId,
    unit: UnitName,
    once: TheRequest,
    report: Annotated[FailureReport | None, Depends(json_of(FailureReport))],
) -> Response:
    """The unit has failed: its life ends and its next one begins; its open alert is cleared.

    The readings of the life become a file that later predictors can learn from.
    """
    said = report or FailureReport()
    return _end(once, machine_id, unit, said, EndedBy.FAILURE, said.mode)


@router.post(
    "/machines/{machine_id}/units/{unit}/maintenance",
    status_code=202,
    dependencies=[WRITE],
    summary="Report a replacement",
    response_model=LifeEnd,
    responses=documented(404, 409, 415, 422),
    openapi_extra=json_body(MaintenanceReport),
)
def maintained(
    machine_id: MachineId,
    unit: UnitName,
    once: TheRequest,
    report: Annotated[MaintenanceReport | None, Depends(json_of(MaintenanceReport))],
) -> Response:
    """The unit was replaced or overhauled before it failed: as good as new from then on."""
    return _end(once, machine_id, unit, report or MaintenanceReport(), EndedBy.MAINTENANCE, None)


@router.post(
    "/machines/{machine_id}/units/{unit}/repairs",
    status_code=202,
    dependencies=[WRITE],
    summary="Report a repair",
    response_model=RepairedUnit,
    responses=documented(404, 409, 415, 422),
    openapi_extra=json_body(RepairReport),
)
def repaired(
    machine_id: MachineId,
    unit: UnitName,
    once: TheRequest,
    report: Annotated[RepairReport | None, Depends(json_of(RepairReport))],
) -> Response:
    """A part of the unit was repaired: what these sensors have shown counts no more.

    The life of the unit goes on, and the other sensors stay as they are. Its open alert is cleared.
    It has no forecast until its next reading.
    """
    _check(machine_id, unit)
    done = report or RepairReport()

    def effect(send: Send) -> Answer:
        at = clock_ms() if done.at is None else done.at
        life = repair(Repair(machine_id, unit, at, done.sensors, done.note), send, once.actor)
        changed = RepairedUnit(
            machine_id=machine_id, unit=unit, life=life, at=at, sensors=done.sensors
        )
        return answer(202, changed)

    return once(effect)


def _end(
    once: IdempotentRequest,
    machine_id: str,
    unit: str,
    report: _Report,
    by: EndedBy,
    mode: str | None,
) -> Response:
    _check(machine_id, unit)

    def effect(send: Send) -> Answer:
        at = clock_ms() if report.at is None else report.at
        life = end_life(Ending(machine_id, unit, at, by, mode, report.note), send, once.actor)
        return answer(202, LifeEnd(machine_id=machine_id, unit=unit, life=life, at=at))

    return once(effect)


def _check(machine_id: str, unit: str) -> None:
    path_params.profile_of(machine_id)
    path_params.check_unit_name(machine_id, unit)
