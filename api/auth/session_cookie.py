"""The cookie of a session, and which requests it may come with.

Pages of other sites can make a browser send requests, with its cookies. Three locks stop these:
`SameSite=Strict`, the check of `Origin` for everything that is not GET
(`api.middleware.origin_check`), and the check here, which also covers GET and pages of other ports.
"""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie

from fastapi import Response
from starlette.requests import HTTPConnection

from errors import AccessRefused
from storage.clients.sessions import LONGEST_MS, NewSession

#: Over HTTPS. Browsers accept it only from this very host, for all of its paths, and encrypted.
_SECURE_NAME = "__Host-fleetforge"
#: Over plain HTTP. Browsers send cookies to all ports of a host: a service must not take, and
#: replace, the cookie of another one.
_PLAIN_NAME = "fleetforge-{port}"
_HTTP_PORT = "80"

_OWN_PAGES = ("same-origin", "none")


def secret_in(connection: HTTPConnection) -> str | None:
    """The secret of the session that a request comes with; None without one.

    Raises:
        AccessRefused: A page of another origin has sent the request.
    """
    cookies: SimpleCookie = SimpleCookie()
    try:
        cookies.load(connection.headers.get("cookie", ""))
    except CookieError:
        return None
    found = cookies.get(_name(connection))
    if found is None or not found.value:
        return None
    _refuse_other_pages(connection)
    return found.value


def set_cookie(connection: HTTPConnection, response: Response, new: NewSession) -> None:
    """Let the browser keep a session."""
    response.set_cookie(
        _name(connection),
        new.secret,
        max_age=LONGEST_MS // 1000,
        path="/",
        secure=_is_encrypted(connection),
        httponly=True,
        samesite="strict",
    )


def delete_cookie(connection: HTTPConnection, response: Response) -> None:
    """Let the browser forget its session."""
    response.delete_cookie(
        _name(connection),
        path="/",
        secure=_is_encrypted(connection),
        httponly=True,
        samesite="strict",
    )


def _refuse_other_pages(connection: HTTPConnection) -> None:
    headers = connection.headers
    # Browsers send this header over HTTPS and to loopback; other clients do not send it at all.
    if headers.get("sec-fetch-site", "none") not in _OWN_PAGES:
        raise AccessRefused("pages of other origins may not use this session", 403, "Bearer")
    origin = headers.get("origin", "").lower()
    if origin and origin.partition("://")[2] != headers.get("host", "").lower():
        raise AccessRefused("pages of other origins may not use this session", 403, "Bearer")


def _name(connection: HTTPConnection) -> str:
    if _is_encrypted(connection):
        return _SECURE_NAME
    port = connection.headers.get("host", "").rpartition(":")[2]
    has_port = port.isascii() and port.isdigit() and len(port) <= 5
    return _PLAIN_NAME.format(port=port if has_port else _HTTP_PORT)


def _is_encrypted(connection: HTTPConnection) -> bool:
    return connection.scope["scheme"] in ("https", "wss")
