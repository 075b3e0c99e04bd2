"""Metrics for Prometheus: requests to this service, and the ledger's queues."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from actors.runtime.metrics import show_queues
from api.responses import examples
from storage import database
from storage.ledger import queues

router = APIRouter(tags=["service"])


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    responses={
        200: {
            "description": "Requests by route and status, their durations, and queues.",
            "content": {
                CONTENT_TYPE_LATEST: {"schema": {"type": "string"}, "example": examples.METRICS}
            },
        }
    },
)
def prometheus() -> Response:
    """Requests to this service, and queues; 503 while the ledger does not answer."""
    show_queues(queues.states(), database.clock_ms())
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
