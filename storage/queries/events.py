"""Events, by id, machine, type or chain."""

from __future__ import annotations

import json
from typing import Any

from errors import NotFound
from storage.database import execute, reading
from storage.tables import Event

#: News of a job that goes on: whatever has ended before it has ended still.
_OVERDUE = "StageOverdue"

_EVENT_FIELDS = tuple(Event._meta.columns)


def event(event_id: int) -> dict[str, Any]:
    """One event.

    Raises:
        NotFound: No such event.
    """
    found = events_where("WHERE id = :event", event=event_id)
    if not found:
        raise NotFound(f"no event {event_id}; see: fleetforge events")
    return found[0]


def events(
    *, machine_id: str | None = None, after_id: int = 0, limit: int = 1000
) -> list[dict[str, Any]]:
    """Events after an id, oldest first; the newest `limit` of them."""
    of_machine = "AND machine_id = :machine" if machine_id else ""
    asked = {"machine": machine_id} if machine_id else {}
    which = f"WHERE id > :after {of_machine} ORDER BY id DESC LIMIT :most"
    return events_where(which, after=after_id, most=limit, **asked)[::-1]


def events_where(which: str, **parameters: Any) -> list[dict[str, Any]]:
    """Events, as `event` gives one.

    Args:
        which: The end of a query over `events`, as `storage.database.execute` takes it.
        parameters: Its values.
    """
    with reading():
        rows = execute(f"SELECT {_EVENT} FROM events {which}", **parameters)
    return [_event(dict(zip(_EVENT_FIELDS, row, strict=True))) for row in rows]


def overdue_news(job_id: int) -> dict[str, Any] | None:
    """The event that says that a job's present attempt takes too long; None if there is none."""
    told = events_where(
        f"WHERE key = (SELECT {_OVERDUE_KEY} FROM jobs WHERE id = :job)", job=job_id
    )
    return told[0] if told else None


def correlation_of(machine_id: str) -> str | None:
    """The id of a machine's newest chain; None before its first event."""
    with reading():
        rows = execute(_NEWEST_CHAIN, machine=machine_id)
    return rows[0][0] if rows else None


def _event(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"payload": json.loads(row["payload"])}


_EVENT = ", ".join(_EVENT_FIELDS)


_NEWEST_CHAIN = """
SELECT correlation_id FROM events WHERE machine_id = :machine ORDER BY id DESC LIMIT 1
"""


# As `storage.operations.overdue` makes it: an attempt that follows is not overdue yet.
_OVERDUE_KEY = f"'{_OVERDUE}:' || jobs.id || '.' || jobs.token"
