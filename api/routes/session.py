"""Sessions of web pages: a token is exchanged for a cookie that scripts cannot read."""

from __future__ import annotations

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field

from api.auth.access import ANYONE, READ, Caller
from api.auth.session_cache import SessionCache
from api.auth.session_cookie import delete_cookie, secret_in, set_cookie
from api.auth.token_cache import TokenCache
from api.dependencies.bodies import json_body, json_of
from api.middleware.rate_limit import SESSION
from api.responses.models import Time, sent
from api.responses.problems import documented
from errors import AccessRefused
from storage.clients import sessions
from storage.clients.sessions import NewSession

#: What every call here may be refused with: logging in needs no token.
REFUSALS = (403, 413, 421, 429, 500, 503)

router = APIRouter(prefix=SESSION, tags=["service"])


class Login(BaseModel):
    """What a session begins with: a token, or a code of `fleetforge open`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    token: str | None = Field(default=None, max_length=200, examples=["ff_0123456789ab_..."])
    code: str | None = Field(default=None, max_length=200, description="Works once, for a minute.")


class SessionState(BaseModel):
    """Who is logged in."""

    name: str = Field(description="The name of the token; `anyone` without tokens.")
    scope: str = Field(examples=["read"])
    open: bool = Field(description="Whether this machine needs no token, as none was ever made.")
    expires_at: Time | None = Field(description="When the session ends at the latest.")

    @classmethod
    def of(cls, caller: Caller) -> SessionState:
        """The state of a caller."""
        return cls(
            name=caller.name,
            scope=caller.scope,
            open=caller is ANYONE,
            expires_at=caller.expires_at,
        )


@router.get(
    "",
    summary="Who is logged in",
    response_model=SessionState,
    responses=documented(401),
)
async def show(caller: Annotated[Caller, READ]) -> Response:
    """Name, scope and end of the session or token that the request comes with."""
    return sent(SessionState.of(caller))


@router.post(
    "",
    status_code=201,
    summary="Log in",
    response_model=SessionState,
    responses=documented(401, 415, 422)
    | {201: {"headers": {"Set-Cookie": {"schema": {"type": "string"}}}}},
    openapi_extra=json_body(Login),
)
async def begin(
    request: Request, login: Annotated[Login | None, Depends(json_of(Login))]
) -> Response:
    """Begin a session, for a web page: the answer sets a cookie that its scripts cannot read.

    It ends after 12 hours without a request, after seven days, or with its token. A request with an
    `Authorization` header does not use it. At most ten of these calls a minute.
    """
    new = await _begun(request, login or Login())
    caller = Caller(new.session.token.name, new.session.token.scope, new.session.expires_at)
    answer = sent(SessionState.of(caller))
    answer.status_code = 201
    set_cookie(request, answer, new)
    return answer


@router.delete("", status_code=204, summary="Log out")
async def end(request: Request) -> Response:
    """End the session that the request comes with; without one, nothing happens."""
    answer = Response(status_code=204)
    secret = secret_in(request)
    if secret is not None:
        cache: SessionCache = request.app.state.session_cache
        await to_thread.run_sync(sessions.end, secret)
        cache.forget(secret)
        delete_cookie(request, answer)
    return answer


async def _begun(request: Request, login: Login) -> NewSession:
    if (login.token is None) == (login.code is None):
        message = "write token, or code"
        raise RequestValidationError(
            [{"type": "missing", "loc": ("body", "token"), "msg": message}]
        )
    if login.code is not None:
        new = await to_thread.run_sync(sessions.exchange, login.code)
        if new is None:
            message = "this link was used before, or is older than a minute; run fleetforge open"
            raise AccessRefused(message, 401, "Bearer")
        return new
    cache: TokenCache = request.app.state.token_cache
    token = await cache.check(login.token or "")
    if token is None:
        message = "this token is wrong, expired or revoked; see fleetforge tokens list"
        raise AccessRefused(message, 401, 'Bearer error="invalid_token"')
    return await to_thread.run_sync(sessions.begin, token)
