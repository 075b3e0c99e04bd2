"""What the assessment found: for machines, and for people."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from api import lookup
from api.files import local_copy, published, send_file
from api.lookup import MachineId
from api.problems import documented
from api.service import Service, TheService
from GAN.files import page_key, report_key

router = APIRouter(prefix="/api/gan/machines/{machine_id}", tags=["results"])

JSON, HTML = "application/json", "text/html; charset=utf-8"


def _responses(media_type: str, schema: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    return {
        200: {"description": "The newest report.", "content": {media_type: {"schema": schema}}},
        304: {"description": "It is still the file of the ETag in `If-None-Match`."},
        **documented(404, 503),
    }


@router.get(
    "/report",
    summary="The quality report",
    response_class=Response,
    responses=_responses(JSON, {"type": "object"}),
)
def report(request: Request, service: TheService, machine_id: MachineId) -> Response:
    """Scores, and every finding about the newest synthetic sets."""
    return _send(request, service, machine_id, report_key(machine_id), JSON)


@router.get(
    "/report.html",
    summary="The quality report as a page",
    response_class=Response,
    responses=_responses(HTML, {"type": "string"}),
)
def page(request: Request, service: TheService, machine_id: MachineId) -> Response:
    """A page that opens without a network."""
    return _send(request, service, machine_id, page_key(machine_id), HTML)


def _send(
    request: Request, service: Service, machine_id: str, key: str, media_type: str
) -> Response:
    lookup.profile_of(machine_id)
    file = published(machine_id, key, "generate")
    return send_file(request, local_copy(service.store, file), file.sha256, media_type)
