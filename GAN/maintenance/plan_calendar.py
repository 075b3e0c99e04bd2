"""A maintenance plan as an iCalendar file (RFC 5545)."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC

from GAN.maintenance.plan import Plan, Stop
from GAN.maintenance.request import Window


def icalendar_of(plan: Plan) -> str:
    """The stops of a plan, one event each, as long as the window.

    A unit in a window always has the same UID, so a plan that is imported twice is there once. An
    event of an older plan stays in a calendar if the newer plan has it no more. Times are in UTC;
    calendars show them in their own time zone.
    """
    from icalendar import Calendar, Event

    calendar = Calendar()
    calendar.add("prodid", "-//Fleetforge//Maintenance plan//EN")
    calendar.add("version", "2.0")
    for stop in plan.stops:
        window = plan.window_of(stop)
        event = Event()
        event.add("uid", _uid(stop, window))
        event.add("dtstamp", plan.made_for.astimezone(UTC))
        event.add("dtstart", window.start.astimezone(UTC))
        event.add("dtend", window.end.astimezone(UTC))
        event.add("summary", f"Stop {stop.machine_id}, unit {stop.unit} ({stop.stop_hours:g} h)")
        event.add("description", stop.reason)
        calendar.add_component(event)
    text: bytes = calendar.to_ical()
    return text.decode()


def _uid(stop: Stop, window: Window) -> str:
    moments = [int(each.timestamp()) for each in (window.start, window.end)]
    text = json.dumps([stop.machine_id, stop.unit, *moments])
    return f"{hashlib.sha256(text.encode()).hexdigest()[:32]}@fleetforge"
