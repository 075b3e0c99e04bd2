"""What changes of alerts cause: single messages, incidents, or silence.

The messages are written in the transaction that changes the alerts, so none is lost.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from storage.database import each_row, execute, reading, transaction
from storage.delivery import deliveries, incidents, silences

ACKNOWLEDGED, CLEARED = "alert.acknowledged", "alert.cleared"


def risen(alert_ids: Sequence[int]) -> None:
    """Announce alerts that were raised, to their first level or to a higher one."""
    changed, by_cause = set[int](), defaultdict[str, list[int]](list)
    in_force = silences.in_force()
    for alert in _facts(alert_ids):
        alert_id, incident_id = alert["alert_id"], alert["incident_id"]
        place = (alert["machine_id"], alert["unit"])
        ends = [silence.ends_at for silence in in_force if silence.covers(*place)]
        if ends:
            execute(_SILENCE, id=alert_id, end=max(ends))
            continue
        if alert["silenced_until"] is not None:
            execute(_UNSILENCE, id=alert_id)
        if incident_id is not None:
            changed.add(incident_id)
        if incident_id is not None and alert["incident_cause"] == alert["cause"]:
            continue
        if incident_id is not None:  # Another cause is not what that incident is about.
            execute("UPDATE alerts SET incident_id = NULL WHERE id = :id", id=alert_id)
        by_cause[alert["cause"]].append(alert_id)
    for incident_id in sorted(changed):
        incidents.announce(incident_id)
    for cause, ids in by_cause.items():
        if not incidents.gather(cause, ids):
            _write_raised(ids)


def acknowledged(alert_ids: Sequence[int]) -> None:
    """Announce alerts that somebody has seen."""
    _follow_up(alert_ids, ACKNOWLEDGED)


def cleared(alert_ids: Sequence[int]) -> None:
    """Announce alerts that were cleared."""
    _follow_up(alert_ids, CLEARED)


def end_silence(silence_id: int) -> None:
    """Remove a silence, and announce the open alerts that nothing else silences.

    Raises:
        NotFound: No such silence.
    """
    with transaction():
        deliveries.hold()
        silences.delete(silence_id)
        risen([row[0] for row in execute(_SILENCED)])


def look_after() -> None:
    """Announce alerts whose silence has ended, and end incidents whose alerts were deleted."""
    with reading():
        idle = not execute(_UNSILENCED) and not incidents.left_open()
    if idle:
        return
    with transaction():
        deliveries.hold()
        risen([row[0] for row in execute(_UNSILENCED)])
        for incident_id in incidents.left_open():
            incidents.announce(incident_id)


def _follow_up(alert_ids: Sequence[int], kind: str) -> None:
    changed = set[int]()
    for alert in _facts(alert_ids):
        if alert["incident_id"] is not None:
            changed.add(alert["incident_id"])
        elif alert["announced_at"] is not None:
            deliveries.write(kind, f"alert {alert['alert_id']}", _data(alert))
    for incident_id in sorted(changed):
        incidents.announce(incident_id)


def _write_raised(alert_ids: Sequence[int]) -> None:
    """Write messages of raised alerts; one of a lower level that waits still is rewritten."""
    kind = incidents.RAISED
    for alert in _facts(alert_ids):
        execute(_ANNOUNCE, id=alert["alert_id"])
        subject = f"alert {alert['alert_id']}"
        deliveries.write_or_renew(kind, (kind,), subject, _data(alert), incidents.HOLD_SECONDS)


def _facts(alert_ids: Sequence[int]) -> list[dict[str, Any]]:
    """What is known of alerts; not of those that were deleted meanwhile, with their machine."""
    rows = json.dumps([[alert_id] for alert_id in alert_ids])
    found = execute(_ALERTS.format(rows=each_row(1)), rows=rows)
    return [dict(zip(_COLUMNS, cells, strict=True)) for cells in found]


def _data(alert: dict[str, Any]) -> dict[str, Any]:
    hidden = ("announced_at", "silenced_until", "incident_cause")
    return {name: value for name, value in alert.items() if name not in hidden}


_COLUMNS = (
    "alert_id",
    "machine_id",
    "unit",
    "life",
    "level",
    "cause",
    "sentence",
    "reading_at",
    "raised_at",
    "cleared_at",
    "cleared_by",
    "acknowledged_at",
    "acknowledged_by",
    "note",
    "incident_id",
    "announced_at",
    "silenced_until",
    "incident_cause",
)

_ALERTS = """
SELECT alerts.id, alerts.machine_id, units.unit, alerts.life, alerts.level, alerts.cause, sentence,
    reading_at, raised_at, cleared_at, cleared_by, acknowledged_at, acknowledged_by, note,
    incident_id, announced_at, silenced_until, incidents.cause
FROM alerts JOIN units ON units.id = alerts.unit_id
LEFT JOIN incidents ON incidents.id = alerts.incident_id
JOIN {rows} ON alerts.id = CAST(c0 AS BIGINT) ORDER BY alerts.id
"""

_SILENCE = "UPDATE alerts SET silenced_until = :end WHERE id = :id"

# A silence that has ended: the alert counts as risen now.
_UNSILENCE = """
UPDATE alerts SET silenced_until = NULL, risen_at = {now}
WHERE id = :id
"""

_ANNOUNCE = """
UPDATE alerts SET announced_at = COALESCE(announced_at, {now}) WHERE id = :id
"""

_SILENCED = """
SELECT id FROM alerts WHERE silenced_until IS NOT NULL AND cleared_at IS NULL ORDER BY id
"""

_UNSILENCED = """
SELECT id FROM alerts
WHERE silenced_until IS NOT NULL AND cleared_at IS NULL AND silenced_until <= {now} ORDER BY id
"""
