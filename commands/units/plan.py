"""`fleetforge plan`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.output import json_option, print_json, print_rows
from commands.session import open_ledger
from events.maintenance import plan_stops
from GAN.config import limits
from storage.queries import machines

if TYPE_CHECKING:
    from GAN.maintenance.plan import Plan

STOPS = ("window", "machine_id", "unit", "fails before", "saves", "reason")
LEFT_OUT = ("machine_id", "unit", "fails", "expected cost", "because")

_cost = click.FloatRange(limits.MIN_COST, limits.MAX_COST)


@click.command()
@click.option(
    "--window",
    "windows",
    multiple=True,
    required=True,
    metavar="WINDOW",
    help="`sunday 06:00-14:00, 3 units` or `2026-12-06T06:00/2026-12-06T14:00, 16 hours`; "
    "repeatable.",
)
@click.option("--failure-cost", type=_cost, default=10.0, show_default=True)
@click.option("--stop-cost", type=_cost, default=1.0, show_default=True)
@click.option(
    "--stop-hours",
    type=click.FloatRange(limits.MIN_STOP_HOURS, limits.MAX_STOP_HOURS),
    default=4.0,
    show_default=True,
    help="How long a stop takes.",
)
@click.option("--zone", default="UTC", show_default=True, help="Time zone, as Europe/Berlin.")
@click.option(
    "--weeks",
    type=click.IntRange(limits.MIN_PLAN_WEEKS, limits.MAX_PLAN_WEEKS),
    default=4,
    show_default=True,
    help="How many weeks a weekly window repeats.",
)
@click.option("--machine", "machine_ids", multiple=True, metavar="ID", help="Only its units.")
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), help="Write a table.")
@click.option("--ics", "ics_file", type=click.Path(path_type=Path), help="Write a calendar.")
@json_option
def plan(
    windows: tuple[str, ...],
    failure_cost: float,
    stop_cost: float,
    stop_hours: float,
    zone: str,
    weeks: int,
    machine_ids: tuple[str, ...],
    csv_file: Path | None,
    ics_file: Path | None,
    as_json: bool,
) -> None:
    """Plan which units to stop in which maintenance window, from their newest predictions.

    Costs may be in any currency: what counts is how much more a failure costs than a planned stop.

    \b
    Examples:
      fleetforge plan --window "sunday 06:00-14:00, 3 units"
      fleetforge plan --window "sunday 06:00-14:00, 16 hours" --failure-cost 40 --ics stops.ics
    """
    open_ledger()
    for machine_id in machine_ids:
        machines.machine(machine_id)
    found = plan_stops(
        windows,
        failure_cost=failure_cost,
        stop_cost=stop_cost,
        stop_hours=stop_hours,
        zone=zone,
        weeks=weeks,
        machine_ids=machine_ids,
    )
    from GAN.maintenance.plan_calendar import icalendar_of
    from GAN.maintenance.plan_csv import csv_of

    if csv_file is not None:
        csv_file.write_text(csv_of(found), encoding="utf-8", newline="")
    if ics_file is not None:
        ics_file.write_text(icalendar_of(found), encoding="utf-8", newline="")
    if as_json:
        print_json(found.as_json())
    else:
        _print(found)


def _print(found: Plan) -> None:
    stops = [
        {
            "window": f"{found.window_of(stop).start:%a %Y-%m-%d %H:%M}",
            "machine_id": stop.machine_id,
            "unit": stop.unit,
            "fails before": f"{stop.failure_probability:.0%}",
            "saves": f"{stop.saved:.3g}",
            "reason": stop.reason,
        }
        for stop in found.stops
    ]
    print_rows(stops, STOPS, "no stop is worth its cost")
    left_out = [
        {
            "machine_id": other.machine_id,
            "unit": other.unit,
            "fails": f"{other.failure_probability:.0%}",
            "expected cost": f"{other.cost.total:.3g}",
            "because": other.because,
        }
        for other in found.left_out
    ]
    click.echo()
    print_rows(left_out, LEFT_OUT, "no unit is left out")
    click.echo()
    click.echo(
        f"expected until {found.horizon_end:%Y-%m-%d %H:%M}: cost {found.expected_cost:.4g}, "
        f"{found.expected_failures:.2g} failures"
    )
    for rule in found.rules:
        click.echo(
            f"  {rule.rule}: cost {rule.expected_cost:.4g}, {rule.expected_failures:.2g} failures, "
            f"{rule.stops} stops"
        )
