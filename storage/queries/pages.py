"""Pages of machines and events: filtered, and in an order in which each appears once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from storage.database import is_sqlite
from storage.queries import events as event_queries
from storage.queries import machines as machine_queries
from storage.queries.events import EventRow
from storage.queries.jobs import SHOWN_STATUS
from storage.queries.machines import MachineState
from storage.status import MachineStatus

#: Longest time that a transaction which writes events takes, seconds. An event gets its id before
#: the commit, so a lower id may appear after a higher one.
WRITING_SECONDS = 5.0
#: How many of the newest ids are searched for gaps that may still be filled.
LATECOMERS = 200

#: What machines can be ordered by; the id makes each order unique.
MACHINE_ORDERS = ("machine_id", "created_at")


def machines(
    *,
    order: str = "machine_id",
    descending: bool = False,
    after: tuple[Any, str] | None = None,
    limit: int,
    status: MachineStatus | None = None,
    stage: str | None = None,
    category: str | None = None,
    manufacturer: str | None = None,
) -> list[MachineState]:
    """A page of machines.

    Args:
        order: One of `MACHINE_ORDERS`.
        descending: Whether the order is reversed.
        after: Value of the ordering column and id of the last machine of the previous page.
        limit: Maximum number of machines.
        status: Only machines of this status.
        stage: Only machines whose status comes from a job of this stage.
        category: Only machines of this category.
        manufacturer: Only machines of this manufacturer.
    """
    assert order in MACHINE_ORDERS
    asked = _asked(stage=stage, category=category, manufacturer=manufacturer)
    conditions = [f"{_MACHINE_FILTERS[name]} = :{name}" for name in asked]
    if status is not None:
        conditions.append(_STATUS_FILTERS[status])
    sign, way = ("<", "DESC") if descending else (">", "ASC")
    if after is not None:
        conditions.append(f"(machines.{order}, machines.machine_id) {sign} (:value, :after)")
        asked |= {"value": after[0], "after": after[1]}
    ordered = f"ORDER BY machines.{order} {way}, machines.machine_id {way} LIMIT :most"
    return machine_queries.machines_where(f"{_where(conditions)} {ordered}", most=limit, **asked)


def events(
    *,
    descending: bool = False,
    after: int | None = None,
    limit: int,
    machine_id: str | None = None,
    event_type: str | None = None,
    correlation_id: str | None = None,
    recurring: bool = False,
) -> list[EventRow]:
    """A page of events, by id.

    A reader that continues after the last event of a page misses none: events after an id that an
    open transaction may still commit are left for a later page.

    Args:
        descending: Newest first.
        after: Id of the last event of the previous page.
        limit: Maximum number of events.
        machine_id: Only events of this machine.
        event_type: Only events of this type.
        correlation_id: Only events of this chain.
        recurring: Also events that come again and again.
    """
    asked = _asked(machine_id=machine_id, type=event_type, correlation_id=correlation_id)
    conditions = [f"{name} = :{name}" for name in asked]
    if not recurring:
        conditions.append("NOT recurring")
    if after is not None:
        conditions.append("id < :after" if descending else "id > :after")
        asked["after"] = after
    if not (descending or is_sqlite()):  # SQLite has one writer: ids are committed in order.
        conditions.append(_SETTLED)
    way = "DESC" if descending else "ASC"
    which = f"{_where(conditions)} ORDER BY id {way} LIMIT :most"
    return event_queries.events_where(which, most=limit, **asked)


def _asked(**filters: Any) -> dict[str, Any]:
    return {name: value for name, value in filters.items() if value is not None}


def _where(conditions: list[str]) -> str:
    return f"WHERE {' AND '.join(conditions)}" if conditions else ""


# Conditions on the stored columns, so that their index is used.
_STATUS_FILTERS: Mapping[MachineStatus, str] = {
    **{
        status: f"chain_status.status = '{status.value}'"
        for status in (
            MachineStatus.PENDING,
            MachineStatus.SUCCESS,
            MachineStatus.FAILED,
            MachineStatus.CANCELLED,
        )
    },
    **{
        status: f"chain_status.status = 'running' AND {SHOWN_STATUS} = '{status.value}'"
        for status in (MachineStatus.RUNNING, MachineStatus.STALE)
    },
    MachineStatus.CREATED: "chain_status.status IS NULL",
    MachineStatus.ONBOARDED: "chain_status.status = 'complete'",
}

_MACHINE_FILTERS: Mapping[str, str] = {
    "stage": "chain_status.stage",
    "category": "machines.category",
    "manufacturer": "machines.manufacturer",
}

# Events before the first gap that may still be filled. Part of the query, so that both see the same
# events. The newest rows are numbered; a join of events with themselves would read the whole table.
_SETTLED = f"""id < COALESCE((
    SELECT MIN(id) FROM (
        SELECT id, occurred_at, LAG(id, 1, 0) OVER (ORDER BY id) AS before FROM (
            SELECT id, occurred_at FROM events ORDER BY id DESC LIMIT {LATECOMERS + 1}
        ) AS newest
    ) AS latest
    WHERE id > (SELECT MAX(id) FROM events) - {LATECOMERS} AND before <> id - 1
        AND occurred_at > {{now}} - {round(WRITING_SECONDS * 1000)}
), 2147483647)"""
