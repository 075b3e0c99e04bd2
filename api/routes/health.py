"""Health checks of the service and of the parts that it depends on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Literal

import structlog
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from api.dependencies.service import Service, TheService
from api.middleware.rate_limit import Limiter
from api.responses.problems import documented
from errors import FleetforgeError, LedgerUnavailable
from storage.ledger import workers
from storage.queries.health import ledger_state
from storage.schema import refuse_newer_schema

router = APIRouter(tags=["service"])

#: The longest time that the ledger may take to show that it is ready, seconds.
READY_SECONDS = 1.0


class Part(BaseModel):
    """The health of one part."""

    ok: bool
    says: str = Field(examples=["Valkey 9.1.0"])


class Health(BaseModel):
    """The health of every part; `ok` if all answer. Without workers, jobs are recorded and wait."""

    ok: bool
    parts: dict[str, Part]


class Alive(BaseModel):
    """The process answers."""

    status: Literal["alive", "ready"]


async def _rate_limit(request: Request) -> Part:
    limiter: Limiter = request.app.state.limiter
    if limiter.limit == 0:
        return Part(ok=True, says="off")
    if await limiter.answers():
        return Part(ok=True, says="counts requests")
    return Part(ok=False, says="not enforced while the broker does not answer")


_RateLimit = Annotated[Part, Depends(_rate_limit)]


@router.get(
    "/health",
    summary="Every part's state",
    responses={503: {"model": Health, "description": "A part does not answer."}},
)
def health(service: TheService, rate_limit: _RateLimit, response: Response) -> Health:
    """Check the ledger, the broker, the artifact store, the workers and the rate limit.

    A rate limit that is not enforced does not make the service unhealthy.
    """
    found = {name: _state(name, probe) for name, probe in probes(service).items()}
    ok = all(part.ok for part in found.values())
    found["rate limit"] = rate_limit
    response.status_code = 200 if ok else 503
    return Health(ok=ok, parts=found)


@router.get("/livez", summary="Whether the process answers")
async def livez() -> Alive:
    """Liveness: depends on no other part. If it does not answer, restart the process."""
    return Alive(status="alive")


@router.get("/readyz", summary="Whether requests can be answered", responses=documented(503))
async def readyz() -> Alive:
    """Readiness: the ledger answers within a second, and this version can use it.

    Without a broker, requests are accepted and jobs wait.
    """
    try:
        # In threads that serve no requests: some of them may wait for a database that hangs.
        await asyncio.wait_for(asyncio.to_thread(refuse_newer_schema), READY_SECONDS)
    except TimeoutError:
        raise LedgerUnavailable("the database does not answer in time") from None
    return Alive(status="ready")


def probes(service: Service) -> dict[str, Callable[[], str]]:
    """A function for each part that describes its state, or raises if it does not answer."""
    return {
        "ledger": ledger_state,
        "broker": service.broker.server_version,
        "artifacts": lambda: _artifacts(service),
        "workers": _workers,
    }


def _artifacts(service: Service) -> str:
    service.store.check()
    return "there"


def _workers() -> str:
    """How many are alive; their hosts are not shown, because this route needs no token."""
    alive = len(workers.alive())
    return f"{alive} alive" if alive else "none alive; start with: fleetforge up"


def _state(name: str, probe: Callable[[], str]) -> Part:
    try:
        return Part(ok=True, says=probe())
    except (FleetforgeError, OSError) as error:
        # The reason may name hosts and users, so it is only logged.
        structlog.get_logger().warning("not well", part=name, reason=str(error))
        return Part(ok=False, says="does not answer")
