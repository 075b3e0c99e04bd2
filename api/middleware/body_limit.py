"""The size limit of request bodies."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.responses.problems import problem


class BodyLimit:
    """Middleware that reads a request's body before the route does, and refuses a larger one.

    Starlette's own counts while a route reads: one that does not read is not limited, and what it
    answers is plain text. What is taken fits into memory, so it can be read before.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket (ASGI)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if int(Headers(scope=scope).get("content-length", "0")) > self._limit:
            await self._refuse(scope, receive, send)
            return
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self._limit:
                await self._refuse(scope, receive, send)
                return
        whole: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def receive_again() -> Message:
            return whole.pop() if whole else await receive()

        await self._app(scope, receive_again, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        detail = f"a body of at most {self._limit:,} bytes is taken"
        # The rest of the body is not waited for, so the connection is of no more use.
        refused = problem(413, detail, headers={"Connection": "close"})
        await refused(scope, receive, send)


MAX_BODY_BYTES = 1_000_000
