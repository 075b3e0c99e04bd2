"""Machines and events a page at a time: chosen by filters, in an order in which none is twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from peewee import SQL

from storage import standing
from storage.database import is_sqlite, reading
from storage.standing import Standing
from storage.tables import Event, Machine

#: An event's id is given before its commit, so a lower one may appear after a higher one. Nothing
#: that writes events takes longer, seconds.
WRITING_SECONDS = 5.0
#: So many of the newest ids are searched for gaps that may still be filled.
LATECOMERS = 200

#: What machines can be ordered by; the id makes each order unique.
MACHINE_ORDERS: Mapping[str, Any] = {
    "machine_id": Machine.machine_id,
    "created_at": Machine.created_at,
}


def machines(
    *,
    order: str = "machine_id",
    descending: bool = False,
    after: tuple[Any, str] | None = None,
    limit: int,
    status: str | None = None,
    stage: str | None = None,
    category: str | None = None,
    manufacturer: str | None = None,
) -> list[Standing]:
    """The machines that come after one in an order.

    Args:
        order: One of `MACHINE_ORDERS`.
        descending: From the end.
        after: What the last machine of the page before is ordered by, and its id.
        limit: This many at most.
        status: Only machines that stand so; see `Standing`.
        stage: Only machines whose newest job is of this stage.
        category: Only machines of this category.
        manufacturer: Only machines of this manufacturer.
    """
    found = standing.standings()
    column, name = MACHINE_ORDERS[order], Machine.machine_id
    conditions = [
        expression == value
        for expression, value in (
            (found.status, status),
            (found.stage, stage),
            (Machine.category, category),
            (Machine.manufacturer, manufacturer),
        )
        if value is not None
    ]
    if after is not None:
        value, machine_id = after
        further, tie = (
            (column < value, name < machine_id)
            if descending
            else (
                column > value,
                name > machine_id,
            )
        )
        conditions.append(further | ((column == value) & tie))
    ordered = [column.desc(), name.desc()] if descending else [column, name]
    found = found._replace(query=found.query.order_by(*ordered).limit(limit))
    return found.read(*conditions)


def events(
    *,
    descending: bool = False,
    after: int | None = None,
    limit: int,
    machine_id: str | None = None,
    event_type: str | None = None,
    correlation_id: str | None = None,
) -> list[dict[str, Any]]:
    """The events that come after one, by id, as `standing.event` gives them.

    Whoever goes on from the last event of a page misses none: those above an id that somebody may
    still be writing under are left to a later page.

    Args:
        descending: Newest first.
        after: Id of the last event of the page before.
        limit: This many at most.
        machine_id: Only events of this machine.
        event_type: Only events of this type.
        correlation_id: Only events of this chain.
    """
    query: Any = Event.select().order_by(Event.id.desc() if descending else Event.id).limit(limit)
    for column, value in (
        (Event.machine, machine_id),
        (Event.type, event_type),
        (Event.correlation_id, correlation_id),
    ):
        if value is not None:
            query = query.where(column == value)
    if after is not None:
        query = query.where(Event.id < after if descending else Event.id > after)
    if not (descending or is_sqlite()):  # SQLite has one writer: ids are committed in order.
        query = query.where(Event.id < SQL(_FIRST_UNSETTLED))
    with reading():
        return [standing.as_event(row) for row in query.dicts()]


# The first new event after a gap; part of the query, so that both see the same events.
_FIRST_UNSETTLED = f"""COALESCE((
    SELECT MIN(id) FROM events
    WHERE id > (SELECT MAX(id) FROM events) - {LATECOMERS} AND id > 1
        AND occurred_at > EXTRACT(EPOCH FROM clock_timestamp()) * 1000 - {WRITING_SECONDS * 1000}
        AND NOT EXISTS (SELECT 1 FROM events AS before WHERE before.id = events.id - 1)
), 2147483647)"""
