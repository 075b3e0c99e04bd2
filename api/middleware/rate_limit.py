"""The rate limit: a number of requests in a rolling minute, for each client and endpoint.

The headers are those of draft-ietf-httpapi-ratelimit-headers-06, the last one whose fields are
`RateLimit-Limit`, `-Remaining` and `-Reset`; later drafts have one field that few clients read yet.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import redis
from fastapi.routing import iter_route_contexts
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from starlette.datastructures import MutableHeaders
from starlette.routing import BaseRoute, compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from actors.broker.client import connect_async
from api.middleware.sliding_window import WINDOW_SECONDS, Count
from api.responses.problems import problem
from storage.settings import Settings

RATE_LIMIT_DB = 3
PREFIX = "/api/gan/"

#: Logins a minute: fewer than other calls, because a login can be used to guess a token.
SESSION, LOGINS = "/api/session", 10

#: Requests for unknown paths, or with a method that the route lacks, share one counter: a client
#: must not be able to create a key for every path it makes up.
UNMATCHED = "unmatched"

#: Sent when requests could not be counted.
UNAVAILABLE_HEADER = "RateLimit-Unavailable"

#: How long to wait for Redis, and how long to leave it alone after it did not answer, seconds.
ANSWER_SECONDS = 2.0
SILENCE_SECONDS = 2.0

#: A minute's counter is read until the end of the next minute.
_KEEP_SECONDS = 2 * WINDOW_SECONDS
_CONNECTIONS = 16

# The minute is that of Redis: services on several hosts, whose clocks differ, count together.
_COUNT = """
local limit, window, now = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[4])
if now == nil then
    local time = redis.call('TIME')
    now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local elapsed = now % window
local minute = (now - elapsed) / window
local this = string.format('%s:%d', KEYS[1], minute)
local current = tonumber(redis.call('GET', this) or '0')
local last = tonumber(redis.call('GET', string.format('%s:%d', KEYS[1], minute - 1)) or '0')
if last * (window - elapsed) + (current + 1) * window > limit * window then
    return {0, current, last, elapsed}
end
current = redis.call('INCR', this)
if current == 1 then
    redis.call('EXPIRE', this, ARGV[3])
end
return {1, current, last, elapsed}
"""


class Limiter:
    """Counts requests in Redis, for all processes of the service together.

    Args:
        settings: The limit, and where Redis is.
        clock: Seconds since 1970; None: the clock of Redis.

    Attributes:
        limit: Requests a minute; 0 means any number.
        available: Whether Redis answered when it was last asked.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] | None = None) -> None:
        self.limit = settings.rate_limit
        self.available = True
        self._clock = clock
        self._silent_until = 0.0
        # A flood of requests waits here. If it waited for the pool, which has a timeout, Redis
        # would seem to be down.
        self._turn = asyncio.Semaphore(_CONNECTIONS)
        self._redis = connect_async(
            settings,
            RATE_LIMIT_DB,
            socket_connect_timeout=ANSWER_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            # Connections that Redis dropped, for example by a restart, are opened again at once.
            retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
        )
        self._script = self._redis.register_script(_COUNT)

    async def count(self, endpoint: str, client: str, limit: int | None = None) -> Count | None:
        """Count a request if it may pass; None if Redis does not answer.

        Args:
            endpoint: Method and template of its route.
            client: As `client_of` names it.
            limit: Requests a minute; None: the usual number.
        """
        async with self._turn:
            if time.monotonic() < self._silent_until:
                return None
            if not self.available:  # One request tries Redis again, the others pass.
                self._silent_until = time.monotonic() + SILENCE_SECONDS
            return await self._count(endpoint, client, self.limit if limit is None else limit)

    async def answers(self) -> bool:
        """Whether Redis answers; not asked again right after it did not."""
        if time.monotonic() < self._silent_until:
            return False
        with self._watched():
            await self._redis.ping()
        return self.available

    async def _count(self, endpoint: str, client: str, limit: int) -> Count | None:
        now = "" if self._clock is None else int(self._clock() * 1000)
        arguments = [limit, WINDOW_SECONDS * 1000, _KEEP_SECONDS, now]
        with self._watched():
            answer = await self._script([f"ratelimit:{endpoint}:{client}"], arguments)
            allowed, current, last, elapsed_ms = answer
            return Count(limit, bool(allowed), current, last, elapsed_ms)
        return None

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Remember whether Redis answered the commands in the block."""
        try:
            yield
        except redis.RedisError:
            self.available = False
            self._silent_until = time.monotonic() + SILENCE_SECONDS
        else:
            self.available = True
            self._silent_until = 0.0

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()


class RateLimit:
    """Middleware that rejects requests over the limit, and reports the limit in headers."""

    def __init__(self, app: ASGIApp, limiter: Limiter, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._limiter = limiter
        self._endpoints = _Endpoints(routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket (ASGI)."""
        if scope["type"] == "lifespan":
            try:
                await self._app(scope, receive, send)
            finally:
                await self._limiter.close()
            return
        limit = self._limit_of(scope)
        if limit == 0:
            await self._app(scope, receive, send)
            return
        endpoint, client = self._endpoints.of(scope), client_of(scope)
        count = await self._limiter.count(endpoint, client, limit)
        if count is not None and not count.allowed:
            wait = count.reset_seconds
            detail = (
                f"more than {count.limit} requests a minute to {endpoint}; try again in {wait} s"
            )
            headers = _headers(count) | {"Retry-After": str(wait)}
            await problem(429, detail, headers=headers)(scope, receive, send)
            return
        headers = {UNAVAILABLE_HEADER: "true"} if count is None else _headers(count)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _limit_of(self, scope: Scope) -> int:
        """How many such requests may pass a minute; 0: any number."""
        if scope["type"] != "http":
            return 0
        path = _path(scope)
        if path == SESSION and scope["method"] == "POST":
            return LOGINS
        return self._limiter.limit if path.startswith(PREFIX) else 0


class _Endpoints:
    """The endpoint of a request: method and path template of its route, without the ids."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._routes = routes
        self._known: list[tuple[set[str], re.Pattern[str], str]] = []

    def of(self, scope: Scope) -> str:
        """Method and template of the route, or `UNMATCHED`."""
        if not self._known:  # All routes are added before the first request.
            self._known = [
                (route.methods, compile_path(route.path)[0], route.path)
                for route in iter_route_contexts(self._routes)
                if route.methods and route.path
            ]
        path, method = _path(scope), scope["method"]
        for methods, pattern, template in self._known:
            if method in methods and pattern.match(path):
                return f"{method} {template}"
        return UNMATCHED


def _path(scope: Scope) -> str:
    """The path as routes have it, without the prefix of a proxy."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def client_of(scope: Scope) -> str:
    """The client that a request counts for: an IPv4 address, or an IPv6 address's /64 network.

    A single IPv6 host can usually choose among the addresses of a whole /64 (RFC 4291, 2.5.4), so
    a limit for each address would limit nothing.
    """
    address = _address((scope.get("client") or ("",))[0])
    if isinstance(address, IPv6Address):
        return str(ip_network((address.packed, 64), strict=False))
    return str(address or "unknown")


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host)
    except ValueError:  # Not an address, or one that a proxy has altered.
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _headers(count: Count) -> dict[str, str]:
    return {
        "RateLimit-Limit": str(count.limit),
        "RateLimit-Remaining": str(count.remaining),
        "RateLimit-Reset": str(count.reset_seconds),
        "RateLimit-Policy": f"{count.limit};w={WINDOW_SECONDS}",
    }
