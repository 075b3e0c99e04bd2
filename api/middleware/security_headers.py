"""Security headers of every response."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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
