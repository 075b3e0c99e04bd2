"""The output of `fleetforge seed import`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from commands.output import print_rows

if TYPE_CHECKING:
    from GAN.importing.columns import Chosen
    from GAN.importing.conversion import Runs
    from GAN.profiles.profile import MachineProfile


@dataclass(frozen=True)
class Prepared:
    """A valid file and its machine.

    Attributes:
        sha256: SHA-256 of the profile: the ledger's, if the machine is registered.
        is_new: Whether the profile was derived from the file.
    """

    profile: MachineProfile
    sha256: str
    is_new: bool
    chosen: Chosen
    runs: Runs
    rows_read: int


def show_columns(chosen: Chosen, profile: MachineProfile | None, units: Mapping[str, str]) -> None:
    """Print how each column is used; the units are the profile's, or else the given ones."""
    if profile is not None:
        units = {sensor.name: sensor.unit for sensor in profile.sensors}
    rows = [
        {
            "used_as": choice.name,
            "column": choice.column,
            "unit": units.get(choice.name, ""),
            "": "guessed" if choice.guessed else "",
        }
        for choice in chosen.choices
    ]
    print_rows(rows, ("used_as", "column", "unit", ""), "no column of the file can be used")
    for column, reason in chosen.unused.items():
        click.echo(f"not used: {column} ({reason})")


def summary(prepared: Prepared, physics_share: float) -> dict[str, Any]:
    """The result as a JSON document."""
    from GAN.simulation.physics import physics_rows

    runs, profile = prepared.runs, prepared.profile
    return {
        "machine_id": profile.machine_id,
        "new_machine": prepared.is_new,
        "columns": [vars(choice) for choice in prepared.chosen.choices],
        "unused": dict(prepared.chosen.unused),
        "rows_read": prepared.rows_read,
        "rows": len(runs.frame),
        "units": runs.units,
        "failed_units": runs.units - len(runs.censored),
        "censored_units": list(runs.censored),
        "units_left_out": list(runs.left_out),
        "physics_rows": physics_rows(len(runs.frame), physics_share),
        "longest_life_hours": float((runs.frame["cycle_hour"] + runs.frame["rul_hours"]).max()),
        "notes": [*runs.notes, *_not_forecast(runs, profile)],
        "structure": _structure(runs, profile),
        "profile": profile.model_dump(mode="json"),
    }


def _not_forecast(runs: Runs, profile: MachineProfile) -> list[str]:
    from GAN.datasets.regimes import find_regimes

    _, why = find_regimes(runs.frame, profile)
    return [] if why is None else [f"no predictor can forecast RUL from these data: {why}"]


def _structure(runs: Runs, profile: MachineProfile) -> list[str]:
    from GAN.datasets.real_units import RealUnits
    from GAN.synthesis.life_model import learn_lives
    from GAN.synthesis.structure import structure

    return list(structure(learn_lives(runs.frame, profile, RealUnits(runs.frame, runs.unfailed))))


def say_what_came_out(prepared: Prepared, report: Mapping[str, Any]) -> None:
    """Print the result, without the columns."""
    for note in report["notes"]:
        click.echo(f"note: {note}")
    roles = prepared.chosen.columns.roles
    if "cycle" in roles["cycle_hour"].lower() and roles["cycle_hour"] != "cycle_hour":
        click.echo("note: a cycle counts as an hour")
    if "rul_hours" not in roles:
        click.echo("note: RUL is computed from the last time of each unit")
    click.echo(
        f"{report['rows']:,} of {report['rows_read']:,} rows; {report['units']} units, "
        f"{report['failed_units']} of them until failure; lives up to "
        f"{report['longest_life_hours']:g} h"
    )
    if report["physics_rows"]:
        share = report["physics_rows"] / (report["physics_rows"] + report["rows"])
        click.echo(f"and {report['physics_rows']:,} simulated rows, {share:.0%} of all")
    for found in report["structure"]:
        click.echo(f"found: {found}")
    if prepared.is_new:
        towards = [
            f"{sensor.name} {sensor.direction}"
            for sensor in prepared.profile.sensors
            if sensor.direction != "steady"
        ]
        click.echo(f"new machine; its profile is derived from the data: {', '.join(towards)}")
