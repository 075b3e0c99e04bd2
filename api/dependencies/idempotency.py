"""`Idempotency-Key`: a repeated POST takes effect once and gets the same answer."""

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

#: Carries out a request, and passes the resulting jobs to the function it is given.
Effect = Callable[[Send], Answer]


@dataclass(frozen=True)
class IdempotentRequest:
    """A request that may have been sent before.

    Attributes:
        key: The client's idempotency key; None: the request always takes effect.
        endpoint: Method and path.
        sha256: SHA-256 of the whole request, hex.
        actor: Who sends the request: the name of the token.
        send: Sends jobs to the broker.
    """

    key: str | None
    endpoint: str
    sha256: str
    actor: str
    send: Send

    def __call__(self, effect: Effect) -> Response:
        """Run the effect, or return the stored answer if it has run before.

        Raises:
            InvalidInput: The key was used for another request.
        """
        jobs: list[Dispatch] = []
        if self.key is None:
            answer = effect(jobs.extend)
        else:
            answer = idempotency.run_once(
                self.key, self.endpoint, self.sha256, lambda: effect(jobs.extend)
            )
        deliver(jobs, self.send)  # After the commit: workers cannot claim a job before.
        headers = {"Location": answer.location} if answer.location else {}
        if answer.replayed:
            headers[REPLAYED_HEADER] = "true"
        return Response(answer.body, answer.status, headers, "application/json")


def answer(status: int, body: BaseModel, location: str | None = None) -> Answer:
    """The answer that an effect returns.

    Args:
        status: HTTP status.
        body: Body of the answer.
        location: Address of the created resource.
    """
    return Answer(status, body.model_dump_json(), location)


async def idempotency_key(
    idempotency_key: Annotated[
        str | None,
        Header(
            pattern=r"^[\x21-\x7e]{1,190}$",
            description="Your key for this request, such as a UUID. For at least a day, the same "
            "request with the same key gets the first answer again and has no further effect. "
            "Another request with the same key is refused. Each token has its own keys.",
            examples=["9b2f7c1e-5f0a-4c39-8d61-2f4f0f9f3a77"],
        ),
    ] = None,
) -> str | None:
    """The client's key for a request; a parameter of every POST."""
    return idempotency_key


async def _idempotent_request(
    request: Request,
    service: TheService,
    caller: Annotated[Caller, READ],
    key: Annotated[str | None, Depends(idempotency_key)],
) -> IdempotentRequest:
    path, query = request.url.path, request.url.query
    parts = [request.method, path, query, request.headers.get("content-type", "")]
    digest = hashlib.sha256("\0".join(parts).encode())
    digest.update(await request.body())
    # The caller is part of the key, so one caller never gets another caller's answer.
    own_key = key and f"{caller.name} {key}"
    endpoint = f"{request.method} {path}"[:300]
    return IdempotentRequest(own_key, endpoint, digest.hexdigest(), caller.name, service.send)


#: A parameter of every POST that has an effect.
TheRequest = Annotated[IdempotentRequest, Depends(_idempotent_request)]
