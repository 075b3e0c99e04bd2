"""`Idempotency-Key`: a POST that is sent again has its effect once, and the same answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.responses import Response
from pydantic import BaseModel

from api.auth.access import READ, Caller
from api.dependencies.service import TheService
from events.bus import Send, deliver
from storage.clients import idempotency
from storage.clients.idempotency import Answer
from storage.ledger.event_log import Dispatch

REPLAYED_HEADER = "Idempotency-Replayed"

#: Does what a request asks for, and gives the jobs that come of it to the function it is handed.
Effect = Callable[[Send], Answer]


@dataclass(frozen=True)
class Once:
    """A request that may have been sent before.

    Attributes:
        key: What this client calls it; None: every time is the first.
        endpoint: Method and path.
        sha256: Of all that makes up the request.
        actor: Who sends it: the token's name.
        send: The way to the broker.
    """

    key: str | None
    endpoint: str
    sha256: str
    actor: str
    send: Send

    def __call__(self, effect: Effect) -> Response:
        """The answer to the request: from its effect, or kept from the first time.

        Raises:
            InvalidInput: The key was given to another request.
        """
        jobs: list[Dispatch] = []
        if self.key is None:
            answer = effect(jobs.extend)
        else:
            answer = idempotency.once(
                self.key, self.endpoint, self.sha256, lambda: effect(jobs.extend)
            )
        deliver(jobs, self.send)  # After the commit: nobody could claim them before.
        headers = {"Location": answer.location} if answer.location else {}
        if answer.replayed:
            headers[REPLAYED_HEADER] = "true"
        return Response(answer.body, answer.status, headers, "application/json")


def answer(status: int, body: BaseModel, location: str | None = None) -> Answer:
    """What an effect returns.

    Args:
        status: HTTP status.
        body: What is sent.
        location: Where what was made is found.
    """
    return Answer(status, body.model_dump_json(), location)


async def idempotency_key(
    idempotency_key: Annotated[
        str | None,
        Header(
            pattern=r"^[\x21-\x7e]{1,190}$",
            description="Your name for this request, such as a UUID. The same request again is "
            "answered as the first time, without another effect, for at least a day; another "
            "request under the same name is refused. Each token has names of its own.",
            examples=["9b2f7c1e-5f0a-4c39-8d61-2f4f0f9f3a77"],
        ),
    ] = None,
) -> str | None:
    """The client's name for a request; a parameter of every POST."""
    return idempotency_key


async def _once(
    request: Request,
    service: TheService,
    caller: Annotated[Caller, READ],
    key: Annotated[str | None, Depends(idempotency_key)],
) -> Once:
    path, query = request.url.path, request.url.query
    parts = [request.method, path, query, request.headers.get("content-type", "")]
    digest = hashlib.sha256("\0".join(parts).encode())
    digest.update(await request.body())
    # Each caller has keys of their own: what one is told is nothing to another.
    own = key and f"{caller.name} {key}"
    return Once(
        own, f"{request.method} {path}"[:300], digest.hexdigest(), caller.name, service.send
    )


#: A parameter of every POST that has an effect.
TheRequest = Annotated[Once, Depends(_once)]
