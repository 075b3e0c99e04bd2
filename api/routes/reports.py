"""The results of the assessment, as JSON and as a page."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from api.dependencies import path_params
from api.dependencies.path_params import MachineId
from api.dependencies.service import Service, TheService
from api.responses.files import local_copy, published, send_file
from api.responses.problems import documented
from api.responses.reports import QualityReport
from GAN.layout import page_key, report_key

router = APIRouter(prefix="/api/gan/machines/{machine_id}", tags=["results"])

JSON, HTML = "application/json", "text/html; charset=utf-8"


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
    """The report as one page without scripts, which needs no network."""
    return _send(request, service, machine_id, page_key(machine_id), HTML)


def _send(
    request: Request, service: Service, machine_id: str, key: str, media_type: str
) -> Response:
    path_params.profile_of(machine_id)
    file = published(machine_id, key, "generate")
    return send_file(request, local_copy(service.store, file), file.sha256, media_type)
