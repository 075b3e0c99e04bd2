"""What is checked before a request is looked at: by which name it came, and from which page.

Browsers let any web page send requests to a service on this machine. Two checks keep those out.
The `Host` header of a page that had its own name resolve to 127.0.0.1 (DNS rebinding) is that name.
And a page says in `Origin` where it comes from whenever it sends what could change something.
"""

from __future__ import annotations

import re

from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth.loopback import came_by_loopback, is_loopback
from api.responses.problems import problem
from storage.settings import PREFIX, Settings

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]+)?")
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class Door:
    """Middleware that refuses requests by a foreign name, or from a foreign page."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._hosts = settings.allowed_hosts
        self._origins = settings.web_origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket (ASGI)."""
        refusal = None if scope["type"] == "lifespan" else self._refusal(scope)
        # A refused WebSocket gets the response in place of its handshake.
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "").lower()
        # On other addresses tokens are asked for, which a page with a name of its own has not.
        if came_by_loopback(scope) and not self._is_ours(host):
            detail = f"this service has no such name; add it to {PREFIX}ALLOWED_HOSTS"
            return problem(421, detail)
        origin = headers.get("origin", "").lower()
        if not origin or (scope["type"] == "http" and scope["method"] in _SAFE_METHODS):
            return None
        if origin in self._origins or (host and origin.partition("://")[2] == host):
            return None
        detail = f"pages of this origin may not do that; add it to {PREFIX}WEB_ORIGINS"
        return problem(403, detail)

    def _is_ours(self, host: str) -> bool:
        match = _HOST.fullmatch(host)
        if match is None:
            return False
        name = match[1]
        return name == "localhost" or name in self._hosts or is_loopback(name.strip("[]"))
