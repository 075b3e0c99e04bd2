"""Who may come in, and what for.

Tokens are asked for everywhere as soon as one was ever made. Until then the service is open to this
machine alone: to whoever connects to a loopback address while no proxy is configured.

A route says what it needs: `dependencies=[READ]`, or `caller: Annotated[Caller, READ]`.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Response, Security, WebSocket, WebSocketDisconnect
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from starlette.requests import HTTPConnection

from api.auth.loopback import came_by_loopback, is_loopback
from api.auth.token_cache import KnownTokens
from api.responses.problems import problem
from errors import AccessRefused, LedgerUnavailable, SettingsError
from storage.clients import tokens
from storage.clients.tokens import SCOPES
from storage.settings import Settings

#: Close codes of WebSockets: 4000 and the status that the same refusal has over HTTP, or the
#: registered "try again later" while the ledger does not answer.
NO_TOKEN, NOT_ALLOWED, TRY_AGAIN_LATER = 4401, 4403, 1013

_IN_SUBPROTOCOL = "bearer."


@dataclass(frozen=True)
class Caller:
    """Who sent a request.

    Attributes:
        name: The token's name; `anyone` while no tokens are asked for.
        scope: The token's scope.
    """

    name: str
    scope: str

    def may(self, needed: str) -> bool:
        """Whether the scope suffices: admin may do what write may, write what read may."""
        return SCOPES.index(self.scope) >= SCOPES.index(needed)


_ANYONE = Caller("anyone", "admin")

_bearer = HTTPBearer(
    scheme_name="token",
    bearerFormat="ff_<id>_<secret>",
    description="A token from `fleetforge tokens create`. GET needs the scope read, and so does "
    "the check of a profile; every other POST needs write, DELETE admin. Not asked for on this "
    "machine itself as long as no token was made.",
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

    The token is in the `Authorization` header or, because pages cannot set that, offered as the
    subprotocol `bearer.<token>` beside another one, which is then chosen. `Origin` has been looked
    at before (`api.middleware.origin`).
    """
    offered: list[str] = websocket.scope.get("subprotocols", [])
    # A browser gives up unless one of those that it offers is chosen.
    chosen = next((name for name in offered if not name.startswith(_IN_SUBPROTOCOL)), None)
    try:
        await websocket.accept(chosen or next(iter(offered), None))
    except WebSocketDisconnect:
        return None
    return await still_admitted(websocket, needed)


async def still_admitted(websocket: WebSocket, needed: str = "read") -> Caller | None:
    """Look again at an open WebSocket's token, which may be revoked or expired; close it if it is.

    Cheap enough to be called at each ping.
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
    with suppress(WebSocketDisconnect):  # It has left by itself.
        await websocket.close(code, reason)
    return None


async def refusal(_request: Request, error: Exception) -> Response:
    """`AccessRefused` as a response."""
    assert isinstance(error, AccessRefused)
    headers = {"WWW-Authenticate": error.challenge}
    return problem(error.status, str(error), headers=headers)


def refuse_open_door(host: str, settings: Settings) -> None:
    """Refuse to listen where others could come in while there is no usable token.

    Args:
        host: Address or name that is to be listened on.
        settings: Whether proxies are configured: through them others come in on loopback too.

    Raises:
        SettingsError: Tokens are needed and there is none, or the host has no address.
        LedgerUnavailable: Whether there is one cannot be looked up.
    """
    if _is_private(host) and not settings.trusted_proxies:
        return
    if any(token.state == "usable" for token in tokens.tokens()):
        return
    raise SettingsError(
        f"{host or 'every address'}: others could come in, and there is no usable token; make one "
        "first: fleetforge tokens create NAME --scope admin"
    )


def _is_private(host: str) -> bool:
    """Whether all addresses of a host are loopback; none at all means every address there is."""
    if not host:
        return False
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"{host}: no such host to listen on: {error}") from None
    return all(is_loopback(str(address[0])) for *_, address in found)


async def _caller(connection: HTTPConnection, written: str | None) -> Caller:
    known: KnownTokens = connection.app.state.known_tokens
    settings: Settings = connection.app.state.settings
    only_from_here = came_by_loopback(connection.scope) and not settings.trusted_proxies
    if only_from_here and await known.none_made():
        return _ANYONE
    if written is None:
        message = "send a token: Authorization: Bearer ff_...; see fleetforge tokens create"
        raise AccessRefused(message, 401, "Bearer")
    token = await known.check(written)
    if token is None:
        message = "this token is wrong, expired or revoked; see fleetforge tokens list"
        raise AccessRefused(message, 401, 'Bearer error="invalid_token"')
    return Caller(token.name, token.scope)


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
