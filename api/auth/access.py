"""Authentication by token or session, and authorization by the token's scope.

Once a token has ever been made, every client needs one. Until then only this machine has access:
clients that connect to a loopback address while no proxy is configured.

A route declares what it needs: `dependencies=[READ]`, or `caller: Annotated[Caller, READ]`.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Security, WebSocket, WebSocketDisconnect
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from starlette.requests import HTTPConnection

from api.auth.loopback import connects_over_loopback
from api.auth.session_cache import SessionCache
from api.auth.session_cookie import secret_in
from api.auth.token_cache import TokenCache
from errors import AccessRefused, LedgerUnavailable
from storage.clients.tokens import SCOPES
from storage.settings import Settings

#: Close codes of WebSockets: 4000 plus the HTTP status of the same refusal, or the registered
#: code for "try again later" while the ledger does not answer.
NO_TOKEN, NOT_ALLOWED, TRY_AGAIN_LATER = 4401, 4403, 1013

_IN_SUBPROTOCOL = "bearer."


@dataclass(frozen=True)
class Caller:
    """Who sent a request.

    Attributes:
        name: The token's name; `anyone` while no token is needed.
        scope: The token's scope.
        expires_at: When its token or its session ends, ms since 1970; None: never.
    """

    name: str
    scope: str
    expires_at: int | None = None

    def may(self, needed: str) -> bool:
        """Whether the scope is enough: admin includes write, and write includes read."""
        return SCOPES.index(self.scope) >= SCOPES.index(needed)


#: Every client on this machine, until the first token is made.
ANYONE = Caller("anyone", "admin")

_bearer = HTTPBearer(
    scheme_name="token",
    bearerFormat="ff_<id>_<secret>",
    description="A token from `fleetforge tokens create`. GET and the check of a profile need the "
    "scope read, every other POST needs write, and DELETE and webhooks need admin. Until the first "
    "token is made, clients on this machine need none.",
    auto_error=False,
)


async def _admitted(
    needed: SecurityScopes,
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    written = credentials.credentials if credentials else None
    caller = await _caller(request, written)
    for scope in needed.scopes:
        _require(caller, scope)
    return caller


READ = Security(_admitted, scopes=["read"])
WRITE = Security(_admitted, scopes=["write"])
ADMIN = Security(_admitted, scopes=["admin"])


async def admit(websocket: WebSocket, needed: str = "read") -> Caller | None:
    """Accept a WebSocket, or close it with one of the codes above and return None.

    The token is in the `Authorization` header. Web pages cannot set that header: they have a
    session, whose cookie comes with the handshake, or they offer two subprotocols,
    `bearer.<token>` and another one, which the server selects. The `Origin` header was checked
    before, by `api.middleware.origin_check`.
    """
    offered: list[str] = websocket.scope.get("subprotocols", [])
    # A browser closes the connection unless the server selects one of the offered subprotocols.
    chosen = next((name for name in offered if not name.startswith(_IN_SUBPROTOCOL)), None)
    try:
        await websocket.accept(chosen or next(iter(offered), None))
    except WebSocketDisconnect:
        return None
    return await still_admitted(websocket, needed)


async def still_admitted(websocket: WebSocket, needed: str = "read") -> Caller | None:
    """Check an open WebSocket's token again; close the socket if it was revoked or has expired.

    Cheap enough to call at each ping.
    """
    try:
        caller = await _caller(websocket, await _written_by(websocket))
        _require(caller, needed)
    except AccessRefused as refused:
        code, reason = 4000 + refused.status, str(refused)
    except LedgerUnavailable:
        code, reason = TRY_AGAIN_LATER, "the ledger does not answer"
    else:
        return caller
    with suppress(WebSocketDisconnect):  # The client has already disconnected.
        await websocket.close(code, reason)
    return None


async def _caller(connection: HTTPConnection, written: str | None) -> Caller:
    cache: TokenCache = connection.app.state.token_cache
    settings: Settings = connection.app.state.settings
    from_this_machine = connects_over_loopback(connection.scope) and not settings.trusted_proxies
    if from_this_machine and await cache.none_made():
        return ANYONE
    if written is None:
        secret = secret_in(connection)
        if secret is not None:
            return await _caller_of_session(connection, secret)
        message = "send a token: Authorization: Bearer ff_...; see fleetforge tokens create"
        raise AccessRefused(message, 401, "Bearer")
    token = await cache.check(written)
    if token is None:
        message = "this token is wrong, expired or revoked; see fleetforge tokens list"
        raise AccessRefused(message, 401, 'Bearer error="invalid_token"')
    return Caller(token.name, token.scope, token.expires_at)


async def _caller_of_session(connection: HTTPConnection, secret: str) -> Caller:
    cache: SessionCache = connection.app.state.session_cache
    session = await cache.check(secret)
    if session is None:
        message = "this session has ended; log in again"
        raise AccessRefused(message, 401, 'Bearer error="invalid_token"')
    return Caller(session.token.name, session.token.scope, session.expires_at)


def _require(caller: Caller, needed: str) -> None:
    if not caller.may(needed):
        message = f"this needs a token with scope {needed}; this one has {caller.scope}"
        challenge = f'Bearer error="insufficient_scope", scope="{needed}"'
        raise AccessRefused(message, 403, challenge)


async def _written_by(websocket: WebSocket) -> str | None:
    credentials = await _bearer(websocket)
    if credentials is not None:
        return credentials.credentials
    offered: list[str] = websocket.scope.get("subprotocols", [])
    tokens_offered = (name for name in offered if name.startswith(_IN_SUBPROTOCOL))
    bearer = next(tokens_offered, None)
    return None if bearer is None else bearer.removeprefix(_IN_SUBPROTOCOL)
