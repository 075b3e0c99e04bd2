"""What the service tells Prometheus: its requests, and the queues as the ledger has them."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest

from actors.metrics import show_queues
from api import examples
from storage import queues, standing

router = APIRouter(tags=["service"])

REQUESTS = Counter(
    "fleetforge_http_requests", "Requests that were answered.", ["method", "route", "status"]
)
REQUEST_SECONDS = Histogram(
    "fleetforge_http_request_seconds",
    "Time until a request was answered, by route.",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30),
)
#: Whatever a client makes up is counted as one method.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def count(method: str, route: str, status: int, seconds: float) -> None:
    """Count a request that was answered.

    Args:
        method: As the client wrote it.
        route: The route's template; empty when there is none.
        status: HTTP status.
        seconds: Time that it took.
    """
    known = method if method in _METHODS else "other"
    REQUESTS.labels(known, route or "none", status).inc()
    REQUEST_SECONDS.labels(route or "none").observe(seconds)


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={
        200: {
            "description": "Requests by route and status, their times, and queues.",
            "content": {
                CONTENT_TYPE_LATEST: {"schema": {"type": "string"}, "example": examples.METRICS}
            },
        }
    },
)
def prometheus() -> Response:
    """Requests of this service, and the queues; 503 while the ledger, which has those, is away."""
    show_queues(queues.standings(), standing.clock_ms())
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
