"""What a chart of a unit needs: its forecasts and its readings, thinned."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from math import isfinite, nan
from operator import itemgetter
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api.dependencies import path_params
from api.dependencies.pagination import LedgerTime
from api.dependencies.path_params import MachineId, UnitName
from api.dependencies.service import TheService
from api.responses.models import Time, sent
from api.responses.problems import documented
from errors import InvalidInput, Problem
from events.history import readings_of_unit
from GAN.profiles.profile import MachineProfile
from storage.queries.in_service import course
from storage.telemetry.history import StoredReading

router = APIRouter(prefix="/api/gan/machines/{machine_id}/units/{unit}/course", tags=["units"])

_MOST_POINTS = 2_000
#: Digits of a reading: more than a chart can show.
_DIGITS = 5
#: Of a place and a reading.
_READING = itemgetter(1)


class CourseQuery(BaseModel):
    """Which part of the course, and how fine."""

    model_config = ConfigDict(extra="forbid")

    since: LedgerTime = Field(
        description="Begin of the period.", examples=[1795953600000 - 240 * 3_600_000]
    )
    until: LedgerTime = Field(description="Its end.", examples=[1795953600000])
    points: int = Field(
        default=300,
        ge=2,
        le=_MOST_POINTS,
        description="About so many points: the period is divided into parts, of which little is "
        "left out that a chart can show.",
        examples=[300],
    )


class ForecastCourse(BaseModel):
    """Forecasts, the oldest first; all lists have the same length."""

    predicted_at: list[Time]
    rul_hours: list[float]
    rul_low_hours: list[float]
    rul_high_hours: list[float]


class ReadingCourse(BaseModel):
    """Readings, the oldest first; all lists have the same length."""

    at: list[Time]
    readings: dict[str, list[float | None]] = Field(
        description=f"By sensor, to {_DIGITS} digits; null where there is none."
    )


@router.get(
    "/forecasts",
    summary="Forecasts of a unit for a chart",
    response_model=ForecastCourse,
    responses=documented(404, 422),
)
def forecasts(
    machine_id: MachineId, unit: UnitName, query: Annotated[CourseQuery, Query()]
) -> Response:
    """The RUL as it was forecast in a period, with its 90 % interval: the newest of each part."""
    _check(query)
    path_params.profile_of(machine_id)
    path_params.check_unit_name(machine_id, unit)
    found = course.forecasts(machine_id, unit, **query.model_dump())
    at, middle, low, high = (
        (list(column) for column in zip(*found, strict=True)) if found else ([],) * 4
    )
    return sent(
        ForecastCourse(predicted_at=at, rul_hours=middle, rul_low_hours=low, rul_high_hours=high)
    )


@router.get(
    "/readings",
    summary="Readings of a unit for a chart",
    response_model=ReadingCourse,
    responses=documented(404, 422),
)
def readings(
    service: TheService,
    machine_id: MachineId,
    unit: UnitName,
    query: Annotated[CourseQuery, Query()],
) -> Response:
    """Readings in the units of the profile; `/readings` has all of them.

    Each part of the period has two points, at the times of its first and newest reading: of each
    sensor the least and the greatest reading, in their order. So short peaks remain. The last point
    is the newest reading.
    """
    _check(query)
    profile = MachineProfile.model_validate_json(path_params.profile_of(machine_id))
    path_params.check_unit_name(machine_id, unit)
    names = [sensor.name for sensor in profile.sensors]
    period = {"since": query.since, "until": query.until}
    rows = readings_of_unit(profile, unit, service.store, **period)
    points = list(_points(rows, len(names), query))
    return sent(
        ReadingCourse(
            at=[point.at for point in points],
            readings={
                name: [_rounded(point.figures[index]) for point in points]
                for index, name in enumerate(names)
            },
        )
    )


class _Point(NamedTuple):
    """A point of a chart: its time, and a reading of each sensor, NaN where there is none."""

    at: int
    figures: tuple[float, ...]


def _points(rows: Iterable[StoredReading], sensors: int, query: CourseQuery) -> Iterator[_Point]:
    """Two points of each part of the period, then the newest reading.

    Args:
        rows: The readings, the oldest first.
        sensors: Number of sensors.
        query: The period, and about how many points.
    """
    parts = max(1, (query.points - 1) // 2)
    period = query.until - query.since + 1
    read = struct.Struct(f"<{sensors}d").unpack
    readings = (_Point(row.at, read(row.figures)) for row in rows)
    part: list[_Point] = []
    for _, found in groupby(readings, key=lambda one: (one.at - query.since) * parts // period):
        part = list(found)
        yield from _extremes(part) if len(part) > 1 else part
    if len(part) > 1:
        yield part[-1]


def _extremes(part: Sequence[_Point]) -> Iterator[_Point]:
    """The least and greatest reading of each sensor, in their order."""
    earlier, later = [], []
    for figures in zip(*(point.figures for point in part), strict=True):
        known = [each for each in enumerate(figures) if isfinite(each[1])]
        both = (min(known, key=_READING), max(known, key=_READING)) if known else ((0, nan),) * 2
        first, second = sorted(both)
        earlier.append(first[1])
        later.append(second[1])
    yield _Point(part[0].at, tuple(earlier))
    yield _Point(part[-1].at, tuple(later))


def _rounded(value: float) -> float | None:
    # In the ledger, a missing reading is NaN, and an impossible one is infinite.
    return float(f"{value:.{_DIGITS}g}") if isfinite(value) else None


def _check(query: CourseQuery) -> None:
    if query.until < query.since:
        problem = Problem("query.until", "before since", "send a later time")
        raise InvalidInput("request", [problem])
