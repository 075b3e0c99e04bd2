"""The origin check: rejects requests that a foreign web page makes a browser send.

Browsers let any web page send requests to a service on this machine. Two headers give such a
request away. `Host` has the page's own name if that name was made to resolve to 127.0.0.1 (DNS
rebinding). `Origin` names the page with every request that could change something.
"""

from __future__ import annotations

import re

from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth.loopback import connects_over_loopback, is_loopback
from api.responses.problems import problem
from storage.settings import PREFIX, Settings

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]+)?")
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class OriginCheck:
    """Middleware that rejects requests with a foreign `Host` or from a foreign `Origin`."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._hosts = settings.allowed_hosts
        self._origins = settings.web_origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket (ASGI)."""
        refusal = None if scope["type"] == "lifespan" else self._refusal(scope)
        # A rejected WebSocket gets the response instead of its handshake.
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "").lower()
        # On other addresses every client needs a token, which a foreign page does not have.
        if connects_over_loopback(scope) and not self._is_own_name(host):
            detail = f"this service is not called that; allow the name in {PREFIX}ALLOWED_HOSTS"
            return problem(421, detail)
        origin = headers.get("origin", "").lower()
        if not origin or (scope["type"] == "http" and scope["method"] in _SAFE_METHODS):
            return None
        if origin in self._origins or (host and origin.partition("://")[2] == host):
            return None
        detail = f"pages of this origin may not do that; allow it in {PREFIX}WEB_ORIGINS"
        return problem(403, detail)

    def _is_own_name(self, host: str) -> bool:
        match = _HOST.fullmatch(host)
        if match is None:
            return False
        name = match[1]
        return name == "localhost" or name in self._hosts or is_loopback(name.strip("[]"))
