"""Alerts, the newest first."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from errors import NotFound
from storage.database import execute, reading


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert; times are milliseconds since 1970.

    Attributes:
        level: The highest level that it has reached.
        cause: What it was raised for.
        sentence: The prediction's reasons in words.
        reading_at: Time of the reading at which it reached that level.
        cleared_by: `readings`, `failure` or `maintenance`; None while it is open.
        acknowledged_by: Who has seen it.
        note: What they have written.
    """

    id: int
    machine_id: str
    unit: str
    life: int
    level: str
    cause: str
    sentence: str
    reading_at: int
    raised_at: int
    cleared_at: int | None
    cleared_by: str | None
    acknowledged_at: int | None
    acknowledged_by: str | None
    note: str | None


def alerts(
    *,
    machine_id: str | None = None,
    unit: str | None = None,
    is_open: bool | None = None,
    before: int | None = None,
    limit: int,
) -> list[AlertRow]:
    """Alerts, the newest first.

    Args:
        machine_id: Only alerts of this machine.
        unit: Only alerts of this unit of it.
        is_open: Only open ones, or only cleared ones.
        before: Only alerts with a lower id.
        limit: Maximum number of alerts.
    """
    given = {"machine": machine_id, "unit": unit, "before": before}
    asked: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    conditions = [_CONDITIONS[name] for name in asked]
    if is_open is not None:
        conditions.append(f"alerts.cleared_at IS {'NULL' if is_open else 'NOT NULL'}")
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    return _alerts(f"{where} ORDER BY alerts.id DESC LIMIT :most", most=limit, **asked)


def alert(alert_id: int) -> AlertRow:
    """One alert.

    Raises:
        NotFound: No such alert.
    """
    found = _alerts("WHERE alerts.id = :id", id=alert_id)
    if not found:
        raise NotFound(f"no alert {alert_id}", kind="alert")
    return found[0]


def _alerts(which: str, **parameters: Any) -> list[AlertRow]:
    with reading():
        rows = execute(f"{_SELECT} {which}", **parameters)
    return [AlertRow(*row) for row in rows]


_COLUMNS = ", ".join(
    "units.unit" if field.name == "unit" else f"alerts.{field.name}" for field in fields(AlertRow)
)

_SELECT = f"SELECT {_COLUMNS} FROM alerts JOIN units ON units.id = alerts.unit_id"

_CONDITIONS = {
    "machine": "alerts.machine_id = :machine",
    "unit": "units.unit = :unit",
    "before": "alerts.id < :before",
}
