"""What stands before the routes: addresses, security headers, CORS, the door, limits."""

from __future__ import annotations

import time
from collections.abc import Callable
from ipaddress import IPv4Network, ip_network
from typing import Any

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from api.auth.access import refusal
from api.auth.token_cache import KnownTokens
from api.middleware.body_limit import MAX_BODY_BYTES, BodyLimit
from api.middleware.origin import Door
from api.middleware.rate_limit import Limiter, RateLimit
from api.middleware.security_headers import SecurityHeaders
from errors import AccessRefused
from storage.settings import Settings

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
