"""Incidents with their alerts, as messages and lists show them."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, fields
from typing import Any

from errors import NotFound
from storage.database import each_row, execute, reading
from storage.status import UnitLevel

#: So many alerts of an incident are listed with it.
MOST_LISTED = 200

_LEVELS = (UnitLevel.WATCH, UnitLevel.WARNING, UnitLevel.ALARM)


@dataclass(frozen=True)
class ListedAlert:
    """An alert of an incident. Times are ms since 1970."""

    alert_id: int
    machine_id: str
    unit: str
    level: str
    acknowledged_by: str | None
    cleared_at: int | None


@dataclass(frozen=True)
class IncidentFacts:
    """An incident. Times are ms since 1970.

    Attributes:
        level: The highest of its open alerts; once it has ended, of all of them.
        units: How many units belong to it.
        open_units: How many of them still have that alert.
        unseen: How many open alerts are not acknowledged.
        machines: How many machines these units belong to.
        alerts: The first `MOST_LISTED`.
    """

    id: int
    cause: str
    level: str
    began_at: int
    ended_at: int | None
    units: int
    open_units: int
    unseen: int
    machines: int
    alerts: list[ListedAlert]


def incident(incident_id: int) -> IncidentFacts:
    """One incident.

    Raises:
        NotFound: No such incident.
    """
    found = _incidents("WHERE incidents.id = :id", id=incident_id, most=1)
    if not found:
        raise NotFound(f"no incident {str(incident_id)[:30]}", kind="incident")
    return found[0]


def incidents(
    *, is_open: bool | None = None, before: int | None = None, limit: int
) -> list[IncidentFacts]:
    """Incidents, the newest first.

    Args:
        is_open: Only those that have not ended, or only those that have.
        before: Only incidents with a lower id.
        limit: Maximum number of incidents.
    """
    conditions = [] if is_open is None else [f"ended_at IS {'' if is_open else 'NOT '}NULL"]
    given: dict[str, int] = {}
    if before is not None:
        conditions.append("incidents.id < :before")
        given["before"] = before
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    return _incidents(where, most=limit, **given)


def _incidents(where: str, **parameters: int) -> list[IncidentFacts]:
    with reading():
        rows = execute(_SELECT.format(where=where), **parameters)
        ids = json.dumps([[row[0]] for row in rows])
        alerts: dict[int, list[ListedAlert]] = defaultdict(list)
        listed = execute(_ALERTS.format(rows=each_row(1)), rows=ids, most=MOST_LISTED)
    for incident_id, *cells in listed:
        alerts[incident_id].append(ListedAlert(*cells))
    facts = [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
    return [IncidentFacts(**each | _more(each, alerts[each["id"]])) for each in facts]


def _more(facts: dict[str, Any], alerts: list[ListedAlert]) -> dict[str, Any]:
    # An incident whose machines were deleted has no alert, so no level.
    return {"level": _LEVELS[facts["level"] or 0].value, "alerts": alerts}


_COLUMNS = [field.name for field in fields(IncidentFacts) if field.name != "alerts"]

_RANK = "CASE alerts.level WHEN 'alarm' THEN 2 WHEN 'warning' THEN 1 ELSE 0 END"

_SELECT = f"""
SELECT incidents.id, incidents.cause,
    MAX(CASE WHEN cleared_at IS NULL OR ended_at IS NOT NULL THEN {_RANK} END),
    began_at, ended_at,
    COUNT(alerts.id),
    COUNT(CASE WHEN alerts.id IS NOT NULL AND cleared_at IS NULL THEN 1 END),
    COUNT(CASE WHEN alerts.id IS NOT NULL AND cleared_at IS NULL
        AND acknowledged_at IS NULL THEN 1 END),
    COUNT(DISTINCT alerts.machine_id)
FROM incidents LEFT JOIN alerts ON alerts.incident_id = incidents.id {{where}}
GROUP BY incidents.id, incidents.cause, began_at, ended_at
ORDER BY incidents.id DESC LIMIT :most
"""

_ALERTS = """
SELECT incident_id, id, machine_id, unit, level, acknowledged_by, cleared_at FROM (
    SELECT alerts.incident_id, alerts.id, alerts.machine_id, units.unit, alerts.level,
        alerts.acknowledged_by, alerts.cleared_at,
        ROW_NUMBER() OVER (PARTITION BY alerts.incident_id ORDER BY alerts.id) AS place
    FROM alerts JOIN units ON units.id = alerts.unit_id
    JOIN {rows} ON alerts.incident_id = CAST(c0 AS BIGINT)
) AS numbered
WHERE place <= :most ORDER BY incident_id, id
"""
