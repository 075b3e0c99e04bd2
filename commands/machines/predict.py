"""`fleetforge predict`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from commands.output import json_option, print_json, print_rows
from errors import FleetforgeError
from GAN.config.limits import MAX_FALSE_ALARMS, MIN_FALSE_ALARMS
from GAN.profiles.catalogue import fleet_profile
from GAN.profiles.loading import SUFFIXES, read_profile
from storage.settings import load_settings

COLUMNS = ("unit", "rul_hours", "90 % interval", "in 24 h", "likely mode", "novelty", "health")


@click.command()
@click.argument("machine", metavar="MACHINE")
@click.argument("readings", metavar="[READINGS]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--false-alarms",
    metavar="RATE",
    type=click.FloatRange(MIN_FALSE_ALARMS, MAX_FALSE_ALARMS),
    default=1.0,
    show_default=True,
    help="Accepted false alarms of novelty in 1,000 healthy hours; it sets novelty's limit.",
)
@json_option
def predict(machine: str, readings: Path | None, false_alarms: float, as_json: bool) -> None:
    """Predict failures of units from a table of their readings.

    MACHINE is the id of a machine with a predictor in the home, the id of a fleet machine, or a
    profile file. READINGS is a .csv or .parquet file with a column `cycle_hour` (hours in service,
    or dates), a column for each sensor, and a column `unit` if there are several units. Without it,
    the answer is what the lifetimes of the type say.

    Neither a service nor a ledger is needed. The predictor is not compared with a ledger's
    checksum, so only use one that you trust.

    \b
    Examples:
      fleetforge predict motor_siemens_1la7_001 readings.csv
      fleetforge predict pump.yaml readings.parquet --json
    """
    from GAN.importing.files import read_runs
    from GAN.manager import GANManager

    root = load_settings().artifact_root
    if "://" in root:
        advice = "download a predictor, then set FLEETFORGE_ARTIFACTS to its folder"
        raise FleetforgeError(f"{root} is a bucket; {advice}")
    manager = GANManager(root)
    path = Path(machine)
    if path.suffix in SUFFIXES:
        profile = read_profile(path)
    else:
        profile = manager.profile_of_predictor(machine) or fleet_profile(machine)
    table = None if readings is None else read_runs(readings)
    found = manager.predictions(
        profile, table, false_alarms_per_1000_hours=false_alarms, source=str(readings)
    )
    if as_json:
        print_json([prediction.as_json() for prediction in found])
        return
    rows = [_row(prediction) for prediction in found]
    print_rows(rows, COLUMNS, "no units")
    for prediction in found:
        label = f"{prediction.unit}: " if prediction.unit else ""
        click.echo(f"{label}{prediction.sentence}")


def _row(one: Any) -> dict[str, str]:
    modes = {name: value for name, value in one.probabilities.items() if name != "healthy"}
    mode = max(modes, key=modes.__getitem__)
    return {
        "unit": one.unit,
        "rul_hours": f"{one.rul_hours:.0f}",
        "90 % interval": f"{one.rul_low_hours:.0f} to {one.rul_high_hours:.0f}",
        "in 24 h": f"{100 * one.probability_24h:.0f} %",
        "likely mode": f"{mode} {100 * modes[mode]:.0f} %",
        "novelty": "" if one.novelty is None else f"{one.novelty:.1f} of {one.novelty_limit:.1f}",
        "health": "" if one.health is None else f"{one.health:.0f}",
    }
