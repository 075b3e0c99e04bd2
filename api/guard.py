"""What stands before the routes: addresses, security headers, CORS, the door, limits."""

from __future__ import annotations

import time
from collections.abc import Callable
from ipaddress import IPv4Network, ip_network
from typing import Any

from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from api.access import refusal
from api.door import Door
from api.known_tokens import KnownTokens
from api.limits import Limiter, RateLimit
from api.problems import problem
from errors import AccessRefused
from storage.settings import Settings

MAX_BODY_BYTES = 1_000_000

#: For `uvicorn.Config`. By itself it believes the forwarding headers of whoever is on this machine;
#: which proxies are believed is a setting here. No client has much to say over a WebSocket.
SERVER_OPTIONS: dict[str, Any] = {
    "proxy_headers": False,
    "server_header": False,
    "ws_max_size": 64 * 1024,
    # Whoever does not answer a ping in time has gone, or reads too slowly to be of use. Seconds.
    "ws_ping_interval": 20.0,
    "ws_ping_timeout": 20.0,
    # Messages are short: what this would keep for each socket is more than it saves.
    "ws_per_message_deflate": False,
}

#: Where the page is that describes every call.
DOCS = "/docs"

#: Nothing of the service may be shown in a frame, and what is no page may load nothing.
API_CSP = "default-src 'none'; frame-ancestors 'none'"
#: Swagger's page: it loads its script and style from the service, and calls it.
DOCS_CSP = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
#: Reports: scripts and styles in the page alone, which may call nobody. The sandbox takes the
#: service's origin from it, in case that a machine's name should ever get to be a script.
PAGE_CSP = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "sandbox allow-scripts allow-downloads"
)

#: What browsers should keep to with every answer that does not say otherwise.
SECURITY_HEADERS = {
    "Content-Security-Policy": API_CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def install(app: FastAPI, settings: Settings, clock: Callable[[], float] = time.time) -> None:
    """Put everything before an app's routes; what is said first here is nearest to them.

    `app.state.limiter` and `app.state.known_tokens` are there from then on.

    Args:
        app: Whose routes are guarded; they may be added later.
        settings: Limits, proxies, hosts and origins.
        clock: Seconds since 1970, for the rate limit.
    """
    app.state.settings = settings
    app.state.known_tokens = KnownTokens()
    app.state.limiter = Limiter(settings, clock)
    app.add_exception_handler(AccessRefused, refusal)
    app.add_middleware(BodyLimit, limit=MAX_BODY_BYTES)
    app.add_middleware(RateLimit, limiter=app.state.limiter, routes=app.routes)
    app.add_middleware(Door, settings=settings)
    if settings.web_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.web_origins,
            allow_methods=("GET", "HEAD", "POST", "DELETE"),
            allow_headers=(
                *("Authorization", "Content-Type", "Idempotency-Key", "If-None-Match", "Range"),
                *("X-Request-ID", "X-Correlation-ID"),
            ),
            expose_headers=(
                *("Location", "Retry-After", "ETag", "Content-Disposition", "Content-Range"),
                *("Accept-Ranges", "WWW-Authenticate", "Idempotency-Replayed"),
                *("X-Request-ID", "X-Correlation-ID"),
                *("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"),
                *("RateLimit-Policy", "RateLimit-Unavailable"),
            ),
        )
    app.add_middleware(SecurityHeaders)
    if settings.trusted_proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=_proxies(settings))


def _proxies(settings: Settings) -> list[str]:
    """The trusted proxies, also as a socket for both IP versions shows their addresses."""
    networks = [ip_network(proxy) for proxy in settings.trusted_proxies]
    mapped = [
        f"::ffff:{network.network_address}/{96 + network.prefixlen}"
        for network in networks
        if isinstance(network, IPv4Network)
    ]
    return [*map(str, networks), *mapped]


class SecurityHeaders:
    """Middleware that adds what browsers should keep to, unless a route has said otherwise."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket (ASGI)."""

        async def send_with_headers(message: Message) -> None:
            if message["type"].endswith("http.response.start"):  # Refused WebSockets get one too.
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    csp = DOCS_CSP if scope["path"] == DOCS else PAGE_CSP
                    headers.setdefault("Content-Security-Policy", csp)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class BodyLimit:
    """Middleware that reads a request's body before the route does, and refuses a larger one.

    Starlette's own counts while a route reads: one that does not read is not limited, and what it
    answers is plain text. What is taken fits into memory, so it can be read before.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket (ASGI)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if int(Headers(scope=scope).get("content-length", "0")) > self._limit:
            await self._refuse(scope, receive, send)
            return
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self._limit:
                await self._refuse(scope, receive, send)
                return
        whole: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def receive_again() -> Message:
            return whole.pop() if whole else await receive()

        await self._app(scope, receive_again, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        detail = f"a body of at most {self._limit:,} bytes is taken"
        # The rest of the body is not waited for, so the connection is of no more use.
        refused = problem(413, detail, headers={"Connection": "close"})
        await refused(scope, receive, send)
