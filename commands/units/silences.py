"""`fleetforge silences`."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from datetime import datetime

import click

from commands.output import json_option, moment, print_json, print_rows
from commands.session import open_ledger
from errors import InvalidInput, Problem
from storage.database import clock_ms
from storage.delivery import announcements
from storage.delivery import silences as stored
from storage.delivery.silences import NewSilence

COLUMNS = ("id", "machine", "unit", "starts", "ends", "who", "note")

_TIME = click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"])


@click.group()
def silences() -> None:
    """Silence alerts during planned work: they are recorded and not sent."""


@silences.command()
@click.option("--machine", "machine_id", metavar="ID", help="This machine; default: all.")
@click.option("--unit", metavar="NAME", help="This unit of it; default: all its units.")
@click.option("--hours", type=click.FloatRange(0, min_open=True), help="How long it lasts.")
@click.option(
    "--from",
    "start",
    type=_TIME,
    metavar="TIME",
    help="When it starts, such as 2026-01-31T12:00+01:00; default: now.",
)
@click.option("--to", "end", type=_TIME, metavar="TIME", help="When it ends, instead of --hours.")
@click.option("--note", default="", metavar="TEXT")
@json_option
def add(
    machine_id: str | None,
    unit: str | None,
    hours: float | None,
    start: datetime | None,
    end: datetime | None,
    note: str,
    as_json: bool,
) -> None:
    """Add a silence of at most 30 days.

    An alert that rises meanwhile is sent when the silence ends, if it is still open then.

    \b
    Examples:
      fleetforge silences add --machine pump_1 --unit 7 --hours 8 --note "new bearing"
      fleetforge silences add --from 2026-01-31T06:00+01:00 --to 2026-01-31T14:00+01:00
    """
    open_ledger()
    starts_at = None if start is None else _ms(start)
    if (hours is None) == (end is None):
        what = "no end" if end is None else "two ends"
        raise InvalidInput("silences", [Problem("", what, "write either --hours or --to")])
    if end is not None:
        ends_at = _ms(end)
    else:
        assert hours is not None
        ends_at = (starts_at or clock_ms()) + round(min(hours, 1e6) * 3_600_000)
    new = NewSilence(machine_id, unit, starts_at, ends_at, note)
    made = stored.add(new, getpass.getuser()[:60])
    if as_json:
        print_json(asdict(made))
    else:
        click.echo(f"silence {made.id}: until {moment(made.ends_at)}")


@silences.command("list")
@click.option("--all", "ended", is_flag=True, help="Also those that are over.")
@json_option
def list_silences(ended: bool, as_json: bool) -> None:
    """List silences that are in force or to come.

    \b
    Example:
      fleetforge silences list
    """
    open_ledger()
    found = [asdict(silence) for silence in stored.silences(ended=ended)]
    if as_json:
        print_json(found)
        return
    rows = [
        row
        | {
            "machine": row["machine_id"] or "all",
            "unit": row["unit"] or "all",
            "starts": moment(row["starts_at"]),
            "ends": moment(row["ends_at"]),
        }
        for row in found
    ]
    print_rows(rows, COLUMNS, "no silences")


@silences.command()
@click.argument("silence_id", metavar="ID", type=int)
@json_option
def remove(silence_id: int, as_json: bool) -> None:
    """Remove a silence; the open alerts that rose in it are sent.

    \b
    Example:
      fleetforge silences remove 1
    """
    open_ledger()
    announcements.end_silence(silence_id)
    if as_json:
        print_json({"removed": silence_id})
    else:
        click.echo(f"silence {silence_id}: removed")


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
