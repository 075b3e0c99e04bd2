"""Events: the history of the fleet."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator, Field

from api.dependencies import pagination
from api.dependencies.pagination import LedgerId, Paging
from api.responses import examples
from api.responses.models import Event, EventPage, sent
from api.responses.problems import documented
from events.vocabulary import EVENT_TYPES
from GAN.profiles.profile import MachineId
from storage.queries import pages

router = APIRouter(prefix="/api/events", tags=["events"])


def _recurs(event_type: str | None) -> bool:
    return event_type is not None and EVENT_TYPES[event_type].recurring


def _known(event_type: str) -> str:
    if event_type not in EVENT_TYPES:
        raise ValueError(f"write one of {', '.join(EVENT_TYPES)}")
    return event_type


EventType = Annotated[
    str, AfterValidator(_known), Field(json_schema_extra={"enum": list(EVENT_TYPES)})
]


class EventQuery(Paging):
    """Filters and order of a list of events."""

    sort: Literal["id", "-id"] = Field(
        default="id", description="`-id`: newest first.", examples=["-id"]
    )
    machine_id: MachineId | None = Field(default=None, examples=[examples.MACHINE_ID])
    type: EventType | None = Field(default=None, examples=["ModelTrained"])
    correlation_id: str | None = Field(
        default=None, pattern="^[0-9a-f]{32}$", examples=[examples.EVENT["correlation_id"]]
    )
    recurring: bool = Field(
        default=False,
        description="Also those that come with each batch of readings.",
        examples=[True],
    )


@router.get("", summary="Events", response_model=EventPage, responses=documented(422))
def list_events(query: Annotated[EventQuery, Query()]) -> Response:
    """Events, a page at a time, each once.

    Oldest first, the last cursor stays valid: request the list with it again to get new events. An
    event appears within five seconds, as soon as no other event can appear before it.
    """
    descending = query.sort == "-id"
    position = pagination.position(query.cursor, query.sort, tuple[LedgerId])
    after = position[0] if position else None
    found = pages.events(
        descending=descending,
        after=after,
        limit=query.limit,
        machine_id=query.machine_id,
        event_type=query.type,
        correlation_id=query.correlation_id,
        recurring=query.recurring or _recurs(query.type),
    )
    last = found[-1].id if found else after or 0
    ends = descending and len(found) < query.limit
    cursor = None if ends else pagination.cursor(query.sort, last)
    return sent(EventPage(items=[Event.of(event) for event in found], next_cursor=cursor))
