"""`fleetforge units`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from commands.output import json_option, moment, print_json, print_rows, print_screen, repeat
from commands.session import open_ledger
from commands.units.levels import rebuild, thresholds
from commands.units.lives import failed, maintained, repaired
from commands.units.periods import since_option, to_ms, until_option
from commands.units.table_files import Counted, format_of, output_option, write_table
from GAN.telemetry.export import prediction_table
from storage.queries.in_service import predictions as prediction_queries
from storage.queries.in_service import units as unit_queries
from storage.queries.in_service.units import UnitRow
from storage.status import UnitLevel

COLUMNS = ("machine_id", "unit", "level", "rul_hours", "90 %", "in 24 h", "likely mode", "why")

#: Rows of a list.
_MOST = 1_000


@click.group()
def units() -> None:
    """List and show units, and report what happened to them."""


units.add_command(failed)
units.add_command(maintained)
units.add_command(rebuild)
units.add_command(repaired)
units.add_command(thresholds)


@units.command("list")
@click.option("--machine", "machine_id", metavar="ID", help="Only units of this machine.")
@click.option(
    "--level", type=click.Choice([level.value for level in UnitLevel]), help="Only this level."
)
@click.option("--watch", is_flag=True, help="Show again every second.")
@json_option
def list_units(machine_id: str | None, level: str | None, watch: bool, as_json: bool) -> None:
    """List units with their newest predictions, the most urgent first.

    \b
    Examples:
      fleetforge units list
      fleetforge units list --level alarm
    """
    settings = open_ledger()

    def show() -> None:
        found = unit_queries.units(
            silent_hours=settings.silent_hours,
            machine_id=machine_id,
            level=None if level is None else UnitLevel(level),
            limit=_MOST,
        )
        if as_json:
            print_json([_facts(row) for row in found])
            return
        rows = [list_row(row) for row in found]
        empty = "no units; send readings: fleetforge readings send FILE"
        if watch:
            print_screen(rows, COLUMNS, empty, by="level")
        else:
            print_rows(rows, COLUMNS, empty)

    if watch:
        repeat(show)
    else:
        show()


@units.command("show")
@click.argument("machine_id", metavar="MACHINE")
@click.argument("unit", default="1")
@json_option
def show_unit(machine_id: str, unit: str, as_json: bool) -> None:
    """Show a unit: its level, the four types of prediction, and the reasons.

    \b
    Example:
      fleetforge units show motor_siemens_1la7_001
    """
    settings = open_ledger()
    row = unit_queries.unit(machine_id, unit, settings.silent_hours)
    if as_json:
        print_json(_facts(row))
        return
    click.echo(f"{machine_id}, unit {unit}, life {row.life}: {row.level}")
    if row.why:
        click.echo(f"  {row.why}")
    click.echo(f"newest reading {moment(row.seen_at)}")
    said = row.prediction
    if said is None:
        return
    click.echo(said["sentence"])
    chances = [
        {"within": f"{said['planning_hours']:.0f} h", "what": name, "probability": f"{p:.0%}"}
        for name, p in said["probabilities"].items()
    ]
    chances.append(
        {"within": "24 h", "what": "failure", "probability": f"{said['probability_24h']:.0%}"}
    )
    print_rows(chances, ("what", "within", "probability"), "")
    if said["novelty"] is not None:
        health = "" if said["health"] is None else f", health {said['health']:.0f} of 100"
        click.echo(f"novelty {said['novelty']:.1f} (limit {said['novelty_limit']:.1f}){health}")
    outlook = [
        {"sensor": one["sensor"]}
        | {
            f"in {hours:.0f} h": f"{median:.4g} ({low:.4g} to {high:.4g})"
            for hours, low, median, high in zip(
                one["hours"], one["low"], one["median"], one["high"], strict=True
            )
        }
        for one in said["outlook"]
    ]
    if outlook:
        print_rows(outlook, tuple(outlook[0]), "")


@units.command()
@click.argument("machine_id", metavar="MACHINE")
@click.argument("unit", default="1")
@output_option
@since_option
@until_option
@json_option
def predictions(
    machine_id: str,
    unit: str,
    path: Path,
    since: datetime | None,
    until: datetime | None,
    as_json: bool,
) -> None:
    """Write the predictions of a unit that were kept to a file, the oldest first.

    \b
    Example:
      fleetforge units predictions motor_siemens_1la7_001 -o predictions.csv
    """
    format_of(path)
    settings = open_ledger()
    unit_queries.unit(machine_id, unit, settings.silent_hours)
    batches = prediction_queries.each_batch(
        machine_id, unit, since=to_ms(since), until=to_ms(until)
    )
    rows = Counted(batches)
    write_table(prediction_table(machine_id, unit, rows), path)
    if as_json:
        print_json({"file": str(path), "rows": rows.rows})
    else:
        click.echo(f"{path}: {rows.rows:,} rows")


def _facts(row: UnitRow) -> dict[str, Any]:
    facts = asdict(row)
    del facts["place"]
    return facts | {"unit": row.unit or None}


def list_row(row: UnitRow) -> dict[str, Any]:
    """A unit as a row of a table with `COLUMNS`."""
    cells: dict[str, Any] = {
        "machine_id": row.machine_id,
        "unit": row.unit or "-",
        "level": row.level.value,
        "why": row.why,
    }
    said = row.prediction
    if said is None:
        return cells
    modes = {name: p for name, p in said["probabilities"].items() if name != "healthy"}
    mode = max(modes, key=modes.__getitem__)
    return cells | {
        "rul_hours": f"{said['rul_hours']:.0f}",
        "90 %": f"{said['rul_low_hours']:.0f} to {said['rul_high_hours']:.0f}",
        "in 24 h": f"{said['probability_24h']:.0%}",
        "likely mode": f"{mode} {modes[mode]:.0%}",
    }
