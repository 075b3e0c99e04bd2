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
        incident_id: The incident that it is part of.
        silenced: Whether it rose in a silence and was not announced.
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
    incident_id: int | None
    silenced: bool


def alerts(
    *,
    machine_id: str | None = None,
    unit: str | None = None,
    incident_id: int | None = None,
    is_open: bool | None = None,
    before: int | None = None,
    limit: int,
) -> list[AlertRow]:
    """Alerts, the newest first.

    Args:
        machine_id: Only alerts of this machine.
        unit: Only alerts of this unit of it.
        incident_id: Only alerts of this incident.
        is_open: Only open ones, or only cleared ones.
        before: Only alerts with a lower id.
        limit: Maximum number of alerts.
    """
    given = {"machine": machine_id, "unit": unit, "incident": incident_id, "before": before}
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
    found = [dict(zip(_NAMES, row, strict=True)) for row in rows]
    # SQLite has no booleans.
    return [AlertRow(**facts | {"silenced": bool(facts["silenced"])}) for facts in found]


_NAMES = [field.name for field in fields(AlertRow)]

_OTHER_COLUMNS = {"unit": "units.unit", "silenced": "alerts.silenced_until IS NOT NULL"}

_COLUMNS = ", ".join(_OTHER_COLUMNS.get(name, f"alerts.{name}") for name in _NAMES)

_SELECT = f"SELECT {_COLUMNS} FROM alerts JOIN units ON units.id = alerts.unit_id"

_CONDITIONS = {
    "machine": "alerts.machine_id = :machine",
    "unit": "units.unit = :unit",
    "incident": "alerts.incident_id = :incident",
    "before": "alerts.id < :before",
}
