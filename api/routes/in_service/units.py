"""Units: their newest predictions and earlier ones."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field

from api.dependencies import pagination, path_params
from api.dependencies.pagination import LedgerTime, Paging
from api.dependencies.path_params import MachineId, UnitName
from api.dependencies.service import TheService
from api.responses import examples
from api.responses.models import sent
from api.responses.problems import documented
from api.responses.tables import TABLE_FORMATS, send_table
from api.responses.units import PastPrediction, PastPredictionPage, Unit, UnitPage
from GAN.profiles.profile import MachineId as KnownId
from GAN.telemetry.export import prediction_table
from storage.queries.in_service import predictions, units
from storage.status import UnitLevel

router = APIRouter(prefix="/api/gan", tags=["units"])

_ORDER = "urgency"
#: A position in the list of units; clients can forge cursors.
_Place = tuple[
    Annotated[int, Field(ge=0, lt=10)],
    Annotated[float, Field(ge=0, le=1e12)],
    Annotated[str, Field(pattern=r"^[a-z0-9_]{1,100}$")],
    Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,60}$")],
]


class UnitQuery(Paging):
    """Filters of a list of units."""

    level: UnitLevel | None = Field(default=None, examples=["alarm"])
    machine_id: KnownId | None = Field(default=None, examples=[examples.MACHINE_ID])


class HistoryQuery(Paging):
    """Which predictions of a unit."""

    since: LedgerTime | None = Field(
        default=None, description="Of readings at or after this.", examples=[1795953600000]
    )
    until: LedgerTime | None = Field(
        default=None, description="Of readings at or before this.", examples=[1795953600000]
    )
    format: Literal["json", "csv", "parquet"] = Field(
        default="json",
        description="JSON has pages; CSV and Parquet are sent whole, the oldest first.",
        examples=["json"],
    )


@router.get("/units", summary="Units", response_model=UnitPage, responses=documented(422))
def list_units(service: TheService, query: Annotated[UnitQuery, Query()]) -> Response:
    """The newest prediction of every unit, the most urgent first: the fleet in one call.

    A machine with a predictor and no readings is in the list too, without a unit: its prediction is
    that of a new one.
    """
    place = pagination.position(query.cursor, _ORDER, _Place)
    found = units.units(
        silent_hours=service.settings.silent_hours,
        machine_id=query.machine_id,
        level=query.level,
        after=place,
        limit=query.limit + 1,
    )
    page = found[: query.limit]
    more = len(found) > query.limit
    cursor = pagination.cursor(_ORDER, *page[-1].place) if more else None
    return sent(UnitPage(items=[Unit.of(row) for row in page], next_cursor=cursor))


@router.get(
    "/machines/{machine_id}/units/{unit}",
    summary="One unit",
    response_model=Unit,
    responses=documented(404),
)
def show(service: TheService, machine_id: MachineId, unit: UnitName) -> Response:
    """All four types of prediction at its newest reading: failure, RUL, anomaly, forecast."""
    path_params.profile_of(machine_id)
    path_params.check_unit_name(machine_id, unit)
    return sent(Unit.of(units.unit(machine_id, unit, service.settings.silent_hours)))


@router.get(
    "/machines/{machine_id}/units/{unit}/predictions",
    summary="Earlier predictions of a unit",
    response_model=PastPredictionPage,
    responses=documented(404, 422) | TABLE_FORMATS,
)
def history(
    service: TheService,
    machine_id: MachineId,
    unit: UnitName,
    query: Annotated[HistoryQuery, Query()],
) -> Response:
    """The predictions that were kept, the newest first.

    One is kept every five minutes of readings and at each change of level.
    """
    path_params.profile_of(machine_id)
    path_params.check_unit_name(machine_id, unit)
    units.unit(machine_id, unit, service.settings.silent_hours)
    if query.format != "json":
        pagination.refuse_paging(query)
        rows = predictions.each_batch(machine_id, unit, since=query.since, until=query.until)
        table = prediction_table(machine_id, unit, rows)
        return send_table(table, query.format, f"{machine_id}_{unit}_predictions")
    position = pagination.position(query.cursor, "-predicted_at", tuple[LedgerTime])
    found = predictions.predictions(
        machine_id,
        unit,
        since=query.since,
        until=query.until,
        before=position[0] if position else None,
        limit=query.limit + 1,
    )
    page = found[: query.limit]
    more = len(found) > query.limit
    cursor = pagination.cursor("-predicted_at", page[-1].predicted_at) if more else None
    items = [PastPrediction.of(row) for row in page]
    return sent(PastPredictionPage(items=items, next_cursor=cursor))
