"""`fleetforge units failed`, `maintained` and `repaired`: what happened to units."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import click

from commands.output import json_option, moment, print_json
from commands.session import open_ledger, publisher
from events.lives import end_life, repair
from storage.database import clock_ms
from storage.telemetry.lives import EndedBy, Ending
from storage.telemetry.repairs import Repair

_at_option = click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"]),
    metavar="TIME",
    help="When it happened, such as 2026-01-31T12:00:00+01:00; default: now.",
)


@click.command()
@click.argument("machine_id", metavar="MACHINE")
@click.argument("unit", default="1")
@click.option("--mode", metavar="NAME", help="The failure mode, if it is known.")
@click.option("--note", default="", metavar="TEXT")
@_at_option
@json_option
def failed(
    machine_id: str, unit: str, mode: str | None, note: str, at: datetime | None, as_json: bool
) -> None:
    """Report that a unit has failed: its next life begins.

    \b
    Example:
      fleetforge units failed motor_siemens_1la7_001 --mode bearing_wear
    """
    _end(lambda ms: Ending(machine_id, unit, ms, EndedBy.FAILURE, mode, note), at, as_json)


@click.command()
@click.argument("machine_id", metavar="MACHINE")
@click.argument("unit", default="1")
@click.option("--note", default="", metavar="TEXT")
@_at_option
@json_option
def maintained(machine_id: str, unit: str, note: str, at: datetime | None, as_json: bool) -> None:
    """Report that a unit was replaced or overhauled: it is as good as new from then on.

    \b
    Example:
      fleetforge units maintained motor_siemens_1la7_001 --note "new bearings"
    """
    _end(lambda ms: Ending(machine_id, unit, ms, EndedBy.MAINTENANCE, None, note), at, as_json)


def _end(ending: Callable[[int], Ending], at: datetime | None, as_json: bool) -> None:
    settings = open_ledger()
    ms = _ms(at)
    ended = ending(ms)
    life = end_life(ended, publisher(settings), "cli")
    if as_json:
        print_json({"machine_id": ended.machine_id, "unit": ended.unit, "life": life, "at": ms})
    else:
        click.echo(f"{ended.machine_id}, unit {ended.unit}: life {life} has ended {moment(ms)}")


@click.command()
@click.argument("machine_id", metavar="MACHINE")
@click.argument("unit", default="1")
@click.option(
    "--sensor",
    "sensors",
    multiple=True,
    metavar="NAME",
    help="A sensor that measures it; again for more.",
)
@click.option("--note", default="", metavar="TEXT")
@_at_option
@json_option
def repaired(
    machine_id: str,
    unit: str,
    sensors: tuple[str, ...],
    note: str,
    at: datetime | None,
    as_json: bool,
) -> None:
    """Report that a part of a unit was repaired: what its sensors have shown counts no more.

    The life of the unit goes on, and the other sensors stay as they are.

    \b
    Example:
      fleetforge units repaired motor_siemens_1la7_001 --sensor vibration_velocity --note "balanced"
    """
    settings = open_ledger()
    ms = _ms(at)
    life = repair(Repair(machine_id, unit, ms, sensors, note), publisher(settings), "cli")
    if as_json:
        facts = {"machine_id": machine_id, "unit": unit, "life": life, "at": ms}
        print_json(facts | {"sensors": list(sensors)})
    else:
        click.echo(f"{machine_id}, unit {unit}: {', '.join(sensors)} begin anew {moment(ms)}")


def _ms(at: datetime | None) -> int:
    return clock_ms() if at is None else round(at.timestamp() * 1000)
