"""Readings that units have sent, as JSON, CSV or Parquet."""

from __future__ import annotations

import struct
from itertools import islice
from math import isfinite
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field

from api.dependencies import pagination, path_params
from api.dependencies.pagination import LedgerTime, Paging
from api.dependencies.path_params import MachineId, UnitName
from api.dependencies.service import TheService
from api.responses.models import sent
from api.responses.problems import documented
from api.responses.tables import TABLE_FORMATS, send_table
from api.responses.units import SentReading, SentReadingPage
from events.history import in_batches, readings_of_unit
from GAN.profiles.profile import MachineProfile
from GAN.telemetry.export import reading_table
from storage.telemetry import history
from storage.telemetry.history import StoredReading

router = APIRouter(prefix="/api/gan/machines/{machine_id}/units/{unit}", tags=["units"])

_ORDER = "at"
_MS_PER_HOUR = 3_600_000


class ReadingsQuery(Paging):
    """Which readings of a unit, and how."""

    limit: int = Field(
        default=1_000,
        ge=1,
        le=10_000,
        description="Maximum number of rows per page; for JSON only.",
        examples=[1_000],
    )
    since: LedgerTime | None = Field(
        default=None, description="Only at or after this.", examples=[1795953600000]
    )
    until: LedgerTime | None = Field(
        default=None, description="Only at or before this.", examples=[1795953600000]
    )
    format: Literal["json", "csv", "parquet"] = Field(
        default="json",
        description="JSON has pages; CSV and Parquet are sent whole.",
        examples=["json"],
    )


@router.get(
    "/readings",
    summary="Readings of a unit",
    response_model=SentReadingPage,
    responses=documented(404, 422) | TABLE_FORMATS,
)
def readings(
    service: TheService,
    machine_id: MachineId,
    unit: UnitName,
    query: Annotated[ReadingsQuery, Query()],
) -> Response:
    """The readings as they were sent, in the units of the profile, the oldest first.

    JSON has pages. CSV and Parquet have all rows of the period, a column for each sensor, and times
    in RFC 3339; they are streamed, so a year of readings needs little memory.
    """
    profile = MachineProfile.model_validate_json(path_params.profile_of(machine_id))
    path_params.check_unit_name(machine_id, unit)
    history.history_of(machine_id, unit)  # Refused before the answer begins.
    position = None
    if query.format == "json":
        position = pagination.position(query.cursor, _ORDER, tuple[LedgerTime])
    else:
        pagination.refuse_paging(query)
    since = query.since if position is None else max(query.since or 0, position[0] + 1)
    rows = readings_of_unit(profile, unit, service.store, since=since, until=query.until)
    if query.format != "json":
        table = reading_table(profile, unit, in_batches(rows))
        return send_table(table, query.format, f"{machine_id}_{unit}_readings")
    page = list(islice(rows, query.limit + 1))
    more = len(page) > query.limit
    page = page[: query.limit]
    names = [sensor.name for sensor in profile.sensors]
    items = [_as_item(row, names) for row in page]
    cursor = pagination.cursor(_ORDER, page[-1].at) if more else None
    return sent(SentReadingPage(items=items, next_cursor=cursor))


def _as_item(row: StoredReading, sensors: list[str]) -> SentReading:
    values = struct.unpack(f"<{len(sensors)}d", row.figures)
    return SentReading(
        at=row.at,
        life=row.life,
        hours_in_service=(row.at - row.began_at) / _MS_PER_HOUR,
        late=row.late,
        # In the ledger, a missing reading is NaN, and an impossible one is infinite.
        readings={
            name: value for name, value in zip(sensors, values, strict=True) if isfinite(value)
        },
    )
