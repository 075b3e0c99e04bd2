"""Whether the service and what it stands on are well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import structlog
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from api.dependencies.service import Service, TheService
from api.middleware.rate_limit import Limiter
from api.responses.problems import documented
from errors import FleetforgeError
from storage import database
from storage.ledger import workers
from storage.queries.health import ledger_state

router = APIRouter(tags=["service"])


class Part(BaseModel):
    """One part."""

    ok: bool
    says: str = Field(examples=["Valkey 9.1.0"])


class Health(BaseModel):
    """Every part; `ok` when each answers. Without a worker work is recorded and waits."""

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
    """The ledger, the broker, the artifacts, and who works; without the rate limit all is open."""
    found = {name: _state(name, probe) for name, probe in probes(service).items()}
    ok = all(part.ok for part in found.values())
    found["rate limit"] = rate_limit
    response.status_code = 200 if ok else 503
    return Health(ok=ok, parts=found)


@router.get("/livez", summary="Whether the process answers")
async def livez() -> Alive:
    """Asks nobody else: who gets no answer should start the process again."""
    return Alive(status="alive")


@router.get("/readyz", summary="Whether requests can be answered", responses=documented(503))
def readyz() -> Alive:
    """Whether the ledger answers. Without a broker requests are answered and work waits."""
    database.clock_ms()
    return Alive(status="ready")


def probes(service: Service) -> dict[str, Callable[[], str]]:
    """What each part says of itself; raises when it does not answer."""
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
    """How many; who they are, is nothing for everybody."""
    alive = len(workers.alive())
    return f"{alive} alive" if alive else "none alive; start with: fleetforge up"


def _state(name: str, probe: Callable[[], str]) -> Part:
    try:
        return Part(ok=True, says=probe())
    except (FleetforgeError, OSError) as error:
        # The reason may name hosts and users: it is in the log.
        structlog.get_logger().warning("not well", part=name, reason=str(error))
        return Part(ok=False, says="does not answer")
