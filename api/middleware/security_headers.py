"""Security headers of every response."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Address of the page that documents every call.
DOCS = "/docs"

#: Answers that are not pages: no framing, and nothing may be loaded.
API_CSP = "default-src 'none'; frame-ancestors 'none'"

#: Swagger UI: it loads its script and style from the service, and calls the service.
DOCS_CSP = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'"
)

#: Reports: inline styles, no script and no network access. The sandbox takes the service's origin
#: from the page. A report also has a policy that names the SHA-256 of its style sheet, which this
#: one cannot do: reports of older versions have other style sheets.
PAGE_CSP = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; sandbox"
)

#: Pages of the dashboard: script and style in files of the service only. Markup is made by lit-html
#: alone, so text of others can never become markup.
SHELL_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types lit-html"
)

#: Headers of every answer, unless its route sets them itself.
SECURITY_HEADERS = {
    "Content-Security-Policy": API_CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class SecurityHeaders:
    """Middleware that adds security headers, except those that the route has set."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket (ASGI)."""

        async def send_with_headers(message: Message) -> None:
            if message["type"].endswith("http.response.start"):  # Rejected WebSockets have one too.
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    csp = DOCS_CSP if scope["path"] == DOCS else PAGE_CSP
                    headers.setdefault("Content-Security-Policy", csp)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)
