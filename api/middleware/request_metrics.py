"""Counts and durations of requests, for Prometheus."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

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
