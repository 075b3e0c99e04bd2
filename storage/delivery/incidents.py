"""Incidents: many alerts of one cause at once are one message.

A plant that loses power, or a gateway that dies, raises an alert of every unit behind it. More than
five of one cause within five minutes are one incident. Later ones join it, as long as none came
more than five minutes after the one before. It ends when its last alert is cleared.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from storage.database import each_row, execute
from storage.delivery import deliveries, incident_facts

#: More units than these, of one cause, within this time, are an incident.
MOST_SINGLE, WINDOW_SECONDS = 5, 300

#: A first message waits this long: what belongs to one incident comes within seconds.
HOLD_SECONDS = 10
#: A message about changes of an incident waits this long, and reports all that came meanwhile.
CHANGE_SECONDS = 60

BEGAN, CHANGED, ENDED = "incident.began", "incident.changed", "incident.ended"
RAISED = "alert.raised"

_WINDOW_MS = WINDOW_SECONDS * 1000


def gather(cause: str, alert_ids: list[int]) -> bool:
    """Let alerts that have just risen join the open incident of their cause, or begin one.

    Returns:
        Whether they belong to an incident now.
    """
    growing = execute(_GROWING, cause=cause, window=_WINDOW_MS)
    if growing:
        _join(growing[0][0], alert_ids)
        announce(growing[0][0])
        return True
    recent = [row[0] for row in execute(_RECENT, cause=cause, window=_WINDOW_MS)]
    if len(recent) <= MOST_SINGLE:
        return False
    ((incident_id,),) = execute(_BEGIN, cause=cause)
    _join(incident_id, recent)
    deliveries.withdraw([f"alert {alert_id}" for alert_id in recent], RAISED)
    deliveries.write(BEGAN, f"incident {incident_id}", facts(incident_id), HOLD_SECONDS)
    return True


def announce(incident_id: int) -> None:
    """Report that an incident has changed; end it if all of its alerts are cleared."""
    subject = f"incident {incident_id}"
    if execute(_END, id=incident_id):
        deliveries.withdraw([subject], CHANGED)
        deliveries.write(ENDED, subject, facts(incident_id))
        return
    ((ended_at,),) = execute("SELECT ended_at FROM incidents WHERE id = :id", id=incident_id)
    if ended_at is None:
        renewed = (BEGAN, CHANGED)
        deliveries.write_or_renew(CHANGED, renewed, subject, facts(incident_id), CHANGE_SECONDS)


def left_open() -> list[int]:
    """Open incidents without an open alert: their machines were deleted."""
    return [row[0] for row in execute(_LEFT)]


def facts(incident_id: int) -> dict[str, Any]:
    """What a message says about an incident."""
    found = asdict(incident_facts.incident(incident_id))
    return {"incident_id": found.pop("id"), **found}


def _join(incident_id: int, alert_ids: list[int]) -> None:
    ids = json.dumps([[alert_id] for alert_id in alert_ids])
    execute(_JOIN.format(rows=each_row(1), now="{now}"), incident=incident_id, rows=ids)
    execute("UPDATE incidents SET grew_at = {now} WHERE id = :id", id=incident_id)


_GROWING = """
SELECT id FROM incidents WHERE cause = :cause AND ended_at IS NULL AND grew_at >= {now} - :window
ORDER BY id DESC LIMIT 1
"""

_RECENT = """
SELECT id FROM alerts WHERE cause = :cause AND cleared_at IS NULL AND risen_at >= {now} - :window
    AND incident_id IS NULL AND silenced_until IS NULL
ORDER BY id
"""

_BEGIN = """
INSERT INTO incidents (cause, began_at, grew_at) VALUES (:cause, {now}, {now}) RETURNING id
"""

_JOIN = """
UPDATE alerts SET incident_id = :incident, announced_at = COALESCE(announced_at, {now})
WHERE id IN (SELECT CAST(c0 AS BIGINT) FROM {rows})
"""

_END = """
UPDATE incidents SET ended_at = {now} WHERE id = :id AND ended_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM alerts WHERE incident_id = incidents.id AND cleared_at IS NULL)
RETURNING id
"""

_LEFT = """
SELECT id FROM incidents WHERE ended_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM alerts WHERE incident_id = incidents.id AND cleared_at IS NULL)
"""
