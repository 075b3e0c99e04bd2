"""The results of the assessment, as JSON and as a page."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.dependencies import path_params
from api.dependencies.path_params import MachineId
from api.dependencies.service import Service, TheService
from api.responses.files import local_copy, published, send_file
from api.responses.problems import documented
from GAN.layout import page_key, report_key

router = APIRouter(prefix="/api/gan/machines/{machine_id}", tags=["results"])

JSON, HTML = "application/json", "text/html; charset=utf-8"


class Gate(BaseModel):
    """A metric that decides the verdict, and its limits.

    The report also has the keys of version 0.1, `name` and `figure`.
    """

    metric: str
    value: float | None = Field(description="Null if there is too little data.")
    good: float
    usable: float
    light: Literal["good", "usable", "poor", "not judged"]


class QualityReport(BaseModel):
    """The verdict on the newest synthetic sets, and all the metrics that it is based on."""

    model_config = ConfigDict(extra="allow")

    machine_id: str
    profile_sha256: str
    passed: bool = Field(description="Whether no gate is poor.")
    reasons: list[str] = Field(description="Why it did not pass.")
    notes: list[str]
    quality_score: float = Field(
        description="Overall SDMetrics score, 0 to 1; it does not affect the verdict."
    )
    gates: list[Gate]


_HTML = {HTML: {"schema": {"type": "string"}, "example": "<!DOCTYPE html>"}}


def _responses(newest: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    return {
        200: {"description": "The newest report.", **newest},
        206: {"description": "The requested range."},
        304: {"description": "The file has not changed: `If-None-Match` has its ETag."},
        **documented(404, 416),
    }


@router.get(
    "/report",
    summary="The quality report",
    response_class=Response,
    responses=_responses({"model": QualityReport}),
)
@router.head("/report", include_in_schema=False)
def report(request: Request, service: TheService, machine_id: MachineId) -> Response:
    """Scores and all findings about the newest synthetic sets."""
    return _send(request, service, machine_id, report_key(machine_id), JSON)


@router.get(
    "/report.html",
    summary="The quality report as a page",
    response_class=Response,
    responses=_responses({"content": _HTML}),
)
@router.head("/report.html", include_in_schema=False)
def page(request: Request, service: TheService, machine_id: MachineId) -> Response:
    """The report as one page that needs no network."""
    return _send(request, service, machine_id, page_key(machine_id), HTML)


def _send(
    request: Request, service: Service, machine_id: str, key: str, media_type: str
) -> Response:
    path_params.profile_of(machine_id)
    file = published(machine_id, key, "generate")
    return send_file(request, local_copy(service.store, file), file.sha256, media_type)
