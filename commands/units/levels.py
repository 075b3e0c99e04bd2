"""`fleetforge units thresholds` and `fleetforge units rebuild`."""

from __future__ import annotations

import click

from commands.output import json_option, print_json
from commands.session import open_ledger, publisher
from events.levels import compute_anew, set_thresholds, thresholds_of
from GAN.config.limits import MAX_FALSE_ALARMS, MIN_FALSE_ALARMS
from storage.queries import machines


@click.command()
@click.argument("machine_id", metavar="MACHINE")
@click.option("--alarm", type=click.FloatRange(0, 1, min_open=True), help="Failure within 24 h.")
@click.option(
    "--warning",
    type=click.FloatRange(0, 1, min_open=True),
    help="Failure within the planning horizon.",
)
@click.option(
    "--false-alarms",
    type=click.FloatRange(MIN_FALSE_ALARMS, MAX_FALSE_ALARMS),
    help="Accepted false alarms of novelty in 1,000 healthy hours.",
)
@json_option
def thresholds(
    machine_id: str,
    alarm: float | None,
    warning: float | None,
    false_alarms: float | None,
    as_json: bool,
) -> None:
    """Show or set the probabilities at which the levels of a machine's units begin.

    An alarm at the probability p is right if a failure costs 1/p - 1 planned stops.

    \b
    Examples:
      fleetforge units thresholds motor_siemens_1la7_001
      fleetforge units thresholds motor_siemens_1la7_001 --alarm 0.03
    """
    settings = open_ledger()
    asked = {"alarm": alarm, "warning": warning, "false_alarms_per_1000_hours": false_alarms}
    changes = {name: value for name, value in asked.items() if value is not None}
    found = thresholds_of(machine_id).model_copy(update=changes)
    if changes:
        set_thresholds(machine_id, found, publisher(settings), "cli")
    if as_json:
        print_json(found.model_dump())
        return
    click.echo(f"alarm: failure within 24 h with a probability of {found.alarm:.3g} or more")
    click.echo(f"warning: failure in the planning horizon, {found.warning:.3g} or more")
    click.echo(f"watch: {found.false_alarms_per_1000_hours:g} false alarms in 1,000 healthy hours")


@click.command()
@click.argument("machine_id", metavar="MACHINE")
@click.argument("unit", required=False)
@json_option
def rebuild(machine_id: str, unit: str | None, as_json: bool) -> None:
    """Compute conditions anew from all readings of the life, those that came late too.

    \b
    Example:
      fleetforge units rebuild motor_siemens_1la7_001 1
    """
    settings = open_ledger()
    machines.machine(machine_id)
    count = compute_anew(machine_id, unit, publisher(settings), "cli")
    if as_json:
        print_json({"machine_id": machine_id, "units": count})
    else:
        click.echo(f"{machine_id}: {count} units are computed anew")
