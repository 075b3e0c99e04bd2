"""The request log: a line for every request, with the id that its answer and events carry too."""

from __future__ import annotations

import time
import uuid

import structlog
from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.middleware import request_metrics

REQUEST_HEADER, CORRELATION_HEADER = "X-Request-ID", "X-Correlation-ID"


class RequestLog:
    """Middleware, the outermost one: it gives every request an id and a log line.

    A client may choose the id with `X-Correlation-ID` or `X-Request-ID`, a UUID with or without
    dashes; anything else is replaced by a new id. The answer has both headers. They differ when
    the request continues a chain, which already has a correlation id.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket (ASGI)."""
        began = time.perf_counter()
        if scope["type"] == "websocket":
            await self._log_socket(scope, receive, send, began)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope))
        state = scope.setdefault("state", {})
        state["request_id"] = state["correlation_id"] = request_id
        status = 500  # The answer to an unexpected error.

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[REQUEST_HEADER] = request_id
                headers[CORRELATION_HEADER] = state["correlation_id"]
            await send(message)

        try:
            await self._app(scope, receive, send_observed)
        finally:
            _log(scope, status, time.perf_counter() - began)

    async def _log_socket(self, scope: Scope, receive: Receive, send: Send, began: float) -> None:
        code = None

        async def receive_observed() -> Message:
            nonlocal code
            message = await receive()
            # The client closed the socket, or the server stops.
            code = code or message.get("code")
            return message

        async def send_observed(message: Message) -> None:
            nonlocal code
            code = message.get("code", message.get("status", code))
            await send(message)

        try:
            await self._app(scope, receive_observed, send_observed)
        finally:
            seconds = round(time.perf_counter() - began, 4)
            structlog.get_logger().info("socket", **_described(scope), code=code, seconds=seconds)


def correlation_id(request: Request) -> str:
    """The correlation id for a chain that this request starts."""
    found: str = request.state.correlation_id
    return found


def correlate(request: Request, chain: str) -> None:
    """Use an existing chain's correlation id in the request's log line and answer."""
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
    write = log.error if status >= 500 else log.info
    write(
        "request",
        method=scope["method"],
        **_described(scope),
        status=status,
        seconds=round(seconds, 4),
        request=scope["state"]["request_id"],
        correlation=scope["state"]["correlation_id"],
    )


def _described(scope: Scope) -> dict[str, str]:
    """Path and client of a request."""
    return {
        # Escaped, because a path may contain line breaks; no query, because it may contain secrets.
        "path": scope.get("raw_path", b"").decode("ascii", "backslashreplace"),
        "client": (scope.get("client") or ("",))[0],
    }
