"""An id for every request, in its answer, its log line, and the events that it causes."""

from __future__ import annotations

import time
import uuid

import structlog
from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.middleware import request_metrics

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
        began = time.perf_counter()
        if scope["type"] == "websocket":
            await self._follow(scope, receive, send, began)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
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

    async def _follow(self, scope: Scope, receive: Receive, send: Send, began: float) -> None:
        code = None

        async def heard() -> Message:
            nonlocal code
            message = await receive()
            # Of the client that leaves, or of the server that stops.
            code = code or message.get("code")
            return message

        async def traced(message: Message) -> None:
            nonlocal code
            code = message.get("code", message.get("status", code))
            await send(message)

        try:
            await self._app(scope, heard, traced)
        finally:
            seconds = round(time.perf_counter() - began, 4)
            structlog.get_logger().info("socket", **_whose(scope), code=code, seconds=seconds)


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
    request_metrics.count(scope["method"], route, status, seconds)
    log = structlog.get_logger()
    say = log.error if status >= 500 else log.info
    say(
        "request",
        method=scope["method"],
        **_whose(scope),
        status=status,
        seconds=round(seconds, 4),
        request=scope["state"]["request_id"],
        correlation=scope["state"]["correlation_id"],
    )


def _whose(scope: Scope) -> dict[str, str]:
    """What is asked for, and by whom."""
    return {
        # As it came, in escapes: a path may hold line ends. The query may hold secrets.
        "path": scope.get("raw_path", b"").decode("ascii", "backslashreplace"),
        "client": (scope.get("client") or ("",))[0],
    }
