"""Alerts: raised when the level of a unit rises, cleared when it is healthy again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from errors import Conflict, NotFound
from storage.database import execute
from storage.delivery import announcements, deliveries, incident_facts
from storage.status import UnitLevel
from storage.telemetry.unit_state import NewState

_RANK = {level: rank for rank, level in enumerate(UnitLevel)}


@dataclass(frozen=True)
class AlertChange:
    """An alert that was raised to a higher level, or cleared.

    Attributes:
        level: The level that it was raised to; None if it was cleared.
        reading_at: Time of the reading, ms since 1970.
    """

    alert_id: int
    unit: str
    level: UnitLevel | None
    cause: str
    sentence: str
    reading_at: int


def follow(machine_id: str, changes: Sequence[NewState]) -> list[AlertChange]:
    """Raise, clear and announce alerts after changes of levels; call inside a transaction."""
    if not changes:
        return []
    deliveries.hold()
    cleared, raised = list[AlertChange](), list[AlertChange]()
    for change in changes:
        if change.level in (UnitLevel.HEALTHY, UnitLevel.NO_FORECAST):
            cleared += _clear(change.unit_id, change.unit, "readings", change.condition_at)
        else:
            raised += _raise(machine_id, change)
    announcements.cleared([change.alert_id for change in cleared])
    announcements.risen([change.alert_id for change in raised])
    return [*cleared, *raised]


def clear(unit_id: int, unit: str, by: str, at: int) -> list[AlertChange]:
    """Clear and announce the open alert of a unit, if there is one; call inside a transaction.

    Args:
        unit_id: The unit.
        unit: Its name.
        by: `readings`, `failure` or `maintenance`.
        at: Time of what cleared it, ms since 1970.
    """
    deliveries.hold()
    found = _clear(unit_id, unit, by, at)
    announcements.cleared([change.alert_id for change in found])
    return found


def _clear(unit_id: int, unit: str, by: str, at: int) -> list[AlertChange]:
    return [
        AlertChange(alert_id, unit, None, cause, f"cleared by {by}", at)
        for alert_id, cause in execute(_CLEAR, unit=unit_id, by=by)
    ]


def _raise(machine_id: str, change: NewState) -> list[AlertChange]:
    open_alerts = execute(_OPEN, unit=change.unit_id)
    if open_alerts and _RANK[UnitLevel(open_alerts[0][1])] >= _RANK[change.level]:
        return []
    assert change.kept is not None  # A change of level is always kept.
    sentence = change.kept.sentence
    values = {
        "level": change.level.value,
        "cause": change.cause,
        "sentence": sentence,
        "at": change.condition_at,
    }
    if open_alerts:
        ((alert_id,),) = execute(_ESCALATE, id=open_alerts[0][0], **values)
    else:
        new = {"machine": machine_id, "unit": change.unit_id, "life": change.life}
        ((alert_id,),) = execute(_RAISE, **new, **values)
    return [
        AlertChange(
            alert_id, change.unit, change.level, change.cause, sentence, change.condition_at
        )
    ]


def acknowledge(alert_id: int, by: str, note: str) -> None:
    """Record and announce that somebody has seen an alert; call inside a transaction.

    Raises:
        NotFound: No such alert.
        Conflict: It is acknowledged or cleared.
    """
    deliveries.hold()
    if execute(_ACKNOWLEDGE, id=alert_id, by=by, note=note):
        announcements.acknowledged([alert_id])
        return
    rows = execute(_STATE, id=alert_id)
    if not rows:
        raise NotFound(f"no alert {alert_id}", kind="alert")
    cleared_at, acknowledged_by = rows[0]
    state = "is cleared" if cleared_at is not None else f"was acknowledged by {acknowledged_by}"
    raise Conflict(f"alert {alert_id} {state}")


def acknowledge_incident(incident_id: int, by: str, note: str) -> None:
    """Acknowledge the open alerts of an incident that are not acknowledged; call in a transaction.

    Raises:
        NotFound: No such incident.
        Conflict: There is no such alert of it.
    """
    deliveries.hold()
    incident = incident_facts.incident(incident_id)
    unseen = [row[0] for row in execute(_UNSEEN, incident=incident_id)]
    if not unseen:
        state = "has ended" if incident.ended_at is not None else "is acknowledged"
        raise Conflict(f"incident {incident_id} {state}")
    for alert_id in unseen:
        execute(_ACKNOWLEDGE, id=alert_id, by=by, note=note)
    announcements.acknowledged(unseen)


_OPEN = "SELECT id, level FROM alerts WHERE unit_id = :unit AND cleared_at IS NULL"

_RAISE = """
INSERT INTO alerts (machine_id, unit_id, life, level, cause, sentence, reading_at, raised_at,
    risen_at)
VALUES (:machine, :unit, :life, :level, :cause, :sentence, :at, {now}, {now})
RETURNING id
"""

# A higher level has to be seen again.
_ESCALATE = """
UPDATE alerts SET level = :level, cause = :cause, sentence = :sentence, reading_at = :at,
    risen_at = {now}, acknowledged_at = NULL, acknowledged_by = NULL
WHERE id = :id RETURNING id
"""

_CLEAR = """
UPDATE alerts SET cleared_at = {now}, cleared_by = :by
WHERE unit_id = :unit AND cleared_at IS NULL RETURNING id, cause
"""

_ACKNOWLEDGE = """
UPDATE alerts SET acknowledged_at = {now}, acknowledged_by = :by, note = :note
WHERE id = :id AND cleared_at IS NULL AND acknowledged_at IS NULL RETURNING id
"""

_UNSEEN = """
SELECT id FROM alerts WHERE incident_id = :incident AND cleared_at IS NULL
    AND acknowledged_at IS NULL
"""

_STATE = "SELECT cleared_at, acknowledged_by FROM alerts WHERE id = :id"
