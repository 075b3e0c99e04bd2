"""Events, by id, machine, type or chain."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import Any

from errors import NotFound
from storage.database import execute, reading


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event.

    Attributes:
        correlation_id: Shared by all events that one request led to.
        causation_id: The event that led to it; None for a request.
        chain: The chain of stages that it belongs to.
        effect: What it means for that chain; see `storage.ledger.event_log.Effect`.
        actor: Who asked for it; None in rows that version 0.1 wrote.
        job_id: The job that published it; None for a request.
        recurring: Whether such events come again and again.
        occurred_at: Milliseconds since 1970.
    """

    id: int
    type: str
    machine_id: str
    correlation_id: str
    causation_id: int | None
    payload: dict[str, Any]
    key: str | None
    chain: str
    effect: str
    actor: str | None
    job_id: int | None
    recurring: bool
    occurred_at: int


def event(event_id: int) -> EventRow:
    """One event.

    Raises:
        NotFound: No such event.
    """
    found = events_where("WHERE id = :event", event=event_id)
    if not found:
        raise NotFound(f"no event {event_id}", kind="event")
    return found[0]


def events(
    *,
    machine_id: str | None = None,
    after_id: int = 0,
    limit: int = 1000,
    recurring: bool = False,
) -> list[EventRow]:
    """Events after an id, oldest first; the newest `limit` of them.

    Args:
        machine_id: Only events of this machine.
        after_id: Only events with a greater id.
        limit: Maximum number of events.
        recurring: Also events that come again and again.
    """
    of_machine = "AND machine_id = :machine" if machine_id else ""
    lasting = "" if recurring else "AND NOT recurring"
    asked = {"machine": machine_id} if machine_id else {}
    which = f"WHERE id > :after {of_machine} {lasting} ORDER BY id DESC LIMIT :most"
    return events_where(which, after=after_id, most=limit, **asked)[::-1]


def newest_of_types(machine_id: str, chain: str, types: Collection[str]) -> EventRow | None:
    """The newest event of a machine's chain that has one of these types; None without one."""
    names = {f"type_{number}": name for number, name in enumerate(types)}
    listed = ", ".join(f":{name}" for name in names)
    which = f"""WHERE machine_id = :machine AND chain = :chain AND type IN ({listed})
        ORDER BY id DESC LIMIT 1"""
    found = events_where(which, machine=machine_id, chain=chain, **names)
    return found[0] if found else None


def events_where(which: str, **parameters: Any) -> list[EventRow]:
    """Events.

    Args:
        which: The end of a query over `events`, as `storage.database.execute` takes it.
        parameters: Its values.
    """
    with reading():
        rows = execute(f"SELECT {', '.join(_FIELDS)} FROM events {which}", **parameters)
    return [_row(dict(zip(_FIELDS, row, strict=True))) for row in rows]


def _row(values: dict[str, Any]) -> EventRow:
    payload, recurring = json.loads(values["payload"]), bool(values["recurring"])
    return EventRow(**{**values, "payload": payload, "recurring": recurring})


_FIELDS = tuple(field.name for field in fields(EventRow))
