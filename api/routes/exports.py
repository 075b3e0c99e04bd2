"""Readings that units have sent, as JSON, CSV or Parquet."""

from __future__ import annotations

import struct
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field

from api.dependencies import pagination, path_params
from api.dependencies.pagination import LedgerTime, Paging
from api.dependencies.path_params import MachineId, UnitName
from api.responses.models import sent
from api.responses.problems import documented
from api.responses.tables import TABLE_FORMATS, send_table
from api.responses.units import SentReading, SentReadingPage
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
    machine_id: MachineId, unit: UnitName, query: Annotated[ReadingsQuery, Query()]
) -> Response:
    """The readings as they were sent, in the units of the profile, the oldest first.

    JSON has pages. CSV and Parquet have all rows of the period, a column for each sensor, and times
    in RFC 3339; they are streamed, so a year of readings needs little memory.
    """
    profile = MachineProfile.model_validate_json(path_params.profile_of(machine_id))
    path_params.check_unit_name(machine_id, unit)
    found = history.history_of(machine_id, unit)
    if query.format != "json":
        pagination.refuse_paging(query)
        rows = history.each_batch(found, since=query.since, until=query.until)
        table = reading_table(profile, unit, rows)
        return send_table(table, query.format, f"{machine_id}_{unit}_readings")
    position = pagination.position(query.cursor, _ORDER, tuple[LedgerTime])
    start = -1 if query.since is None else query.since - 1
    page = history.readings_of(
        found,
        after=max(start, position[0]) if position else start,
        until=query.until,
        most=query.limit + 1,
    )
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
        # Missing readings are NaN in the ledger.
        readings={
            name: value for name, value in zip(sensors, values, strict=True) if value == value
        },
    )
