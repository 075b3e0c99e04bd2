"""An id for every request, in its answer, its log line, and the events that it causes."""

from __future__ import annotations

import time
import uuid

import structlog
from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import metrics

REQUEST_HEADER, CORRELATION_HEADER = "X-Request-ID", "X-Correlation-ID"


class Tracing:
    """Middleware, the outermost one: it sees every request, and each gets one log line.

    A client may name its request by `X-Correlation-ID` or `X-Request-ID`, a UUID with or without
    dashes; any other name is replaced by a new one. Both headers are in the answer. They differ
    when the request went on with a chain, whose correlation id is older.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        request_id = _request_id(Headers(scope=scope))
        state = scope.setdefault("state", {})
        state["request_id"] = state["correlation_id"] = request_id
        status = 500  # What is answered to an error that nobody expected.

        async def traced(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[REQUEST_HEADER] = request_id
                headers[CORRELATION_HEADER] = state["correlation_id"]
            await send(message)

        try:
            await self._app(scope, receive, traced)
        finally:
            _log(scope, status, time.perf_counter() - began)


def correlation_id(request: Request) -> str:
    """The id for a chain that this request starts."""
    found: str = request.state.correlation_id
    return found


def correlate(request: Request, chain: str) -> None:
    """Let a request's log line and answer carry the id of the chain that it goes on with."""
    request.state.correlation_id = chain


def _request_id(headers: Headers) -> str:
    for name in (CORRELATION_HEADER, REQUEST_HEADER):
        text = headers.get(name, "")
        if len(text) in (32, 36):
            try:
                return uuid.UUID(text).hex
            except ValueError:
                continue
    return uuid.uuid4().hex


def _log(scope: Scope, status: int, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", "")
    metrics.count(scope["method"], route, status, seconds)
    log = structlog.get_logger()
    say = log.error if status >= 500 else log.info
    say(
        "request",
        method=scope["method"],
        # As it came, in escapes: a path may hold line ends. The query may hold secrets.
        path=scope.get("raw_path", b"").decode("ascii", "backslashreplace"),
        status=status,
        seconds=round(seconds, 4),
        client=(scope.get("client") or ("",))[0],
        request=scope["state"]["request_id"],
        correlation=scope["state"]["correlation_id"],
    )
