"""Counts and durations of requests, for Prometheus."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

REQUESTS = Counter("fleetforge_http_requests", "Answered requests.", ["method", "route", "status"])


REQUEST_SECONDS = Histogram(
    "fleetforge_http_request_seconds",
    "Time until a request was answered, by route.",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30),
)


#: Other methods are counted as one: clients can make them up.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def count(method: str, route: str, status: int, seconds: float) -> None:
    """Count an answered request.

    Args:
        method: As the client sent it.
        route: Path template of the route; empty without a route.
        status: HTTP status.
        seconds: Duration.
    """
    known = method if method in _METHODS else "other"
    REQUESTS.labels(known, route or "none", status).inc()
    REQUEST_SECONDS.labels(route or "none").observe(seconds)
