"""The middleware stack: what every request passes before it reaches a route, and in what order."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Network, ip_network

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from api.auth.session_cache import SessionCache
from api.auth.token_cache import TokenCache
from api.middleware.body_limit import MAX_BODY_BYTES, BodyLimit
from api.middleware.origin_check import OriginCheck
from api.middleware.rate_limit import Limiter, RateLimit
from api.middleware.request_log import RequestLog
from api.middleware.security_headers import SecurityHeaders
from storage.settings import Settings


def add_middleware(
    app: FastAPI, settings: Settings, clock: Callable[[], float] | None = None
) -> None:
    """Add the stack to an app; the middleware added first is the innermost.

    It also sets the state that the stack and the routes share: `settings`, `token_cache`,
    `session_cache` and `limiter` of `app.state`.

    Args:
        app: The service; its routes may be added later.
        settings: Limits, trusted proxies, hosts and origins.
        clock: Seconds since 1970, for the rate limit; None: that of the broker.
    """
    app.state.settings = settings
    app.state.token_cache = TokenCache()
    app.state.session_cache = SessionCache()
    app.state.limiter = Limiter(settings, clock)
    app.add_middleware(BodyLimit, limit=MAX_BODY_BYTES)
    app.add_middleware(RateLimit, limiter=app.state.limiter, routes=app.routes)
    app.add_middleware(OriginCheck, settings=settings)
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
    app.add_middleware(RequestLog)


def _proxies(settings: Settings) -> list[str]:
    """The trusted proxies, IPv4 ones also mapped into IPv6: a dual-stack socket shows those."""
    networks = [ip_network(proxy) for proxy in settings.trusted_proxies]
    mapped = [
        f"::ffff:{network.network_address}/{96 + network.prefixlen}"
        for network in networks
        if isinstance(network, IPv4Network)
    ]
    return [*map(str, networks), *mapped]
