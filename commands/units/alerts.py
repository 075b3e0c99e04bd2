"""`fleetforge alerts`."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import click

from commands.output import json_option, moment, print_json, print_rows
from commands.session import open_ledger
from errors import InvalidInput, Problem
from storage.database import transaction
from storage.delivery import incident_facts
from storage.queries.in_service import alerts as alert_queries
from storage.queries.in_service.alerts import AlertRow
from storage.telemetry.alerts import acknowledge, acknowledge_incident

COLUMNS = ("id", "level", "machine_id", "unit", "cause", "raised", "acknowledged_by", "sentence")

#: Rows of a list.
_MOST = 1_000

_ONE_OF_BOTH = "write the id of an alert, or --incident ID"


@click.group()
def alerts() -> None:
    """List and acknowledge alerts."""


@alerts.command("list")
@click.option("--machine", "machine_id", metavar="ID", help="Only alerts of this machine.")
@click.option("--incident", "incident_id", type=int, metavar="ID", help="The alerts of one.")
@click.option("--all", "cleared", is_flag=True, help="Also those that are cleared.")
@json_option
def list_alerts(
    machine_id: str | None, incident_id: int | None, cleared: bool, as_json: bool
) -> None:
    """List the open alerts, the newest first. An incident is one row; JSON has all its alerts.

    \b
    Examples:
      fleetforge alerts list
      fleetforge alerts list --incident 2
    """
    open_ledger()
    found = alert_queries.alerts(
        machine_id=machine_id,
        incident_id=incident_id,
        is_open=None if cleared else True,
        limit=_MOST,
    )
    if as_json:
        print_json([asdict(alert) for alert in found])
        return
    print_rows(_rows(found, incident_id), COLUMNS, "no alerts" if cleared else "no open alerts")


def _rows(found: list[AlertRow], shown_incident: int | None) -> Iterator[dict[str, Any]]:
    """A row for each alert, and one for each incident in the place of its newest alert."""
    done = set[int]()
    for alert in found:
        incident_id = alert.incident_id
        if incident_id is None or incident_id == shown_incident:
            row = asdict(alert) | {"raised": moment(alert.raised_at)}
            yield row | ({"acknowledged_by": "(silenced)"} if alert.silenced else {})
        elif incident_id not in done:
            done.add(incident_id)
            yield _incident_row(incident_id)


def _incident_row(incident_id: int) -> dict[str, Any]:
    one = incident_facts.incident(incident_id)
    machine = one.alerts[0].machine_id if one.machines == 1 else f"{one.machines} machines"
    seen = one.open_units - one.unseen
    return {
        "id": f"incident {one.id}",
        "level": one.level,
        "machine_id": machine,
        "unit": f"{one.units} units",
        "cause": one.cause,
        "raised": moment(one.began_at),
        "acknowledged_by": f"{seen} of {one.open_units}" if seen else "",
        "sentence": f"{one.open_units} still open; fleetforge alerts list --incident {one.id}",
    }


@alerts.command()
@click.argument("alert_id", metavar="[ALERT]", type=int, required=False)
@click.option("--incident", "incident_id", type=int, metavar="ID", help="All alerts of one.")
@click.option("--note", default="", metavar="TEXT")
@json_option
def ack(alert_id: int | None, incident_id: int | None, note: str, as_json: bool) -> None:
    """Acknowledge an alert, or all open alerts of an incident: you have seen them.

    \b
    Examples:
      fleetforge alerts ack 3 --note "bearing is ordered"
      fleetforge alerts ack --incident 2
    """
    open_ledger()
    user = getpass.getuser()[:60]
    if (alert_id is None) == (incident_id is None):
        raise InvalidInput("alerts", [Problem("", "what to acknowledge?", _ONE_OF_BOTH)])
    if incident_id is not None:
        with transaction():
            acknowledge_incident(incident_id, user, note)
        shown = asdict(incident_facts.incident(incident_id))
        text = f"incident {incident_id} is acknowledged by {user}"
    else:
        assert alert_id is not None
        with transaction():
            acknowledge(alert_id, user, note)
        shown = asdict(alert_queries.alert(alert_id))
        text = f"alert {alert_id} is acknowledged by {user}"
    if as_json:
        print_json(shown)
    else:
        click.echo(text)
