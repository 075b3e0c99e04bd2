"""`fleetforge alerts`."""

from __future__ import annotations

import getpass
from dataclasses import asdict

import click

from commands.output import json_option, moment, print_json, print_rows
from commands.session import open_ledger
from storage.database import transaction
from storage.queries import alerts as alert_queries
from storage.telemetry.alerts import acknowledge

COLUMNS = ("id", "level", "machine_id", "unit", "cause", "raised", "acknowledged_by", "sentence")

#: Rows of a list.
_MOST = 1_000


@click.group()
def alerts() -> None:
    """List and acknowledge alerts."""


@alerts.command("list")
@click.option("--machine", "machine_id", metavar="ID", help="Only alerts of this machine.")
@click.option("--all", "cleared", is_flag=True, help="Also those that are cleared.")
@json_option
def list_alerts(machine_id: str | None, cleared: bool, as_json: bool) -> None:
    """List the open alerts, the newest first.

    \b
    Example:
      fleetforge alerts list
    """
    open_ledger()
    found = alert_queries.alerts(
        machine_id=machine_id, is_open=None if cleared else True, limit=_MOST
    )
    if as_json:
        print_json([asdict(alert) for alert in found])
        return
    rows = [asdict(alert) | {"raised": moment(alert.raised_at)} for alert in found]
    print_rows(rows, COLUMNS, "no alerts" if cleared else "no open alerts")


@alerts.command()
@click.argument("alert_id", metavar="ALERT", type=int)
@click.option("--note", default="", metavar="TEXT")
@json_option
def ack(alert_id: int, note: str, as_json: bool) -> None:
    """Acknowledge an alert: you have seen it.

    \b
    Example:
      fleetforge alerts ack 3 --note "bearing is ordered"
    """
    open_ledger()
    with transaction():
        acknowledge(alert_id, getpass.getuser()[:60], note)
    found = alert_queries.alert(alert_id)
    if as_json:
        print_json(asdict(found))
    else:
        click.echo(f"alert {alert_id} is acknowledged by {found.acknowledged_by}")
