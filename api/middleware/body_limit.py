"""The size limit of request bodies."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.responses.problems import problem
from GAN.config.limits import MAX_BATCH_BYTES

MAX_BODY_BYTES = 1_000_000

#: The last part of the paths that take batches of readings.
_READINGS = "/readings"


class BodyLimit:
    """Middleware that reads a request's body before the route does, and rejects a larger one.

    Starlette's own limit counts while the route reads. It does not limit a route that reads
    nothing, and it answers with plain text. An accepted body fits into memory, so it can be read
    before. Batches of readings may be larger.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket (ASGI)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = MAX_BATCH_BYTES if scope["path"].endswith(_READINGS) else self._limit
        if int(Headers(scope=scope).get("content-length", "0")) > limit:
            await self._refuse(scope, receive, send, limit)
            return
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > limit:
                await self._refuse(scope, receive, send, limit)
                return
        whole: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def receive_again() -> Message:
            return whole.pop() if whole else await receive()

        await self._app(scope, receive_again, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        detail = f"the body is too large; send at most {limit:,} bytes"
        # The rest of the body stays unread, so the connection cannot be used again.
        refused = problem(413, detail, headers={"Connection": "close"})
        await refused(scope, receive, send)
