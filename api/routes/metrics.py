"""Metrics for Prometheus: requests to this service, the ledger's queues, units and outcomes."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from actors.runtime.metrics import show_queues
from api.responses import examples
from api.responses.unit_metrics import UnitMetrics
from storage import database
from storage.ledger import queues

router = APIRouter(tags=["service"])


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    responses={
        200: {
            "description": "Requests by route and status, their durations, queues and units.",
            "content": {
                CONTENT_TYPE_LATEST: {"schema": {"type": "string"}, "example": examples.METRICS}
            },
        }
    },
)
def prometheus(request: Request) -> Response:
    """Requests to this service, queues, and units; 503 while the ledger does not answer.

    Figures of units are at least five seconds apart, those of outcomes a minute.
    """
    show_queues(queues.states(), database.clock_ms())
    of_units: UnitMetrics = request.app.state.unit_metrics
    return Response(generate_latest() + of_units.text(), media_type=CONTENT_TYPE_LATEST)
