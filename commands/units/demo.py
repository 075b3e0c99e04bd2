"""`fleetforge demo`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack

import click

from commands.embedded import EmbeddedWorkers
from commands.machines.follow import follow
from commands.output import print_rows
from commands.session import open_ledger, publisher
from commands.stopping import interrupt_on_signals
from commands.units.played_lives import PlayedUnit, held_out_lives
from commands.units.playing import Play
from commands.units.units import COLUMNS, list_row
from errors import FleetforgeError
from events.bus import Send
from events.maintenance import plan_stops
from events.onboarding import new_machine, register
from events.plan import Plan, Samples
from GAN.profiles.catalogue import fleet_profile
from storage.artifacts.store import open_store
from storage.database import clock_ms
from storage.queries import predictors
from storage.queries.in_service import units as unit_queries
from storage.settings import Settings

#: Machines that an empty home onboards for the demo, and with what.
_FIRST_MACHINES = (
    "motor_siemens_1la7_001",
    "pump_ksb_etanorm_006",
    "cnc_haas_vf2_001",
    "compressor_atlas_copco_ga30_001",
)
_FIRST_PLAN = Plan(epochs=8, samples=Samples(train=9_000, val=1_800, test=3_600))

_MS_PER_HOUR = 3_600_000
#: The maintenance windows of the plan that is shown.
_WINDOW = "sunday 06:00-14:00, 2 units"
#: Most stops that are printed.
_MOST_PRINTED = 8


@click.command()
@click.argument("machine_ids", metavar="[MACHINE]...", nargs=-1)
@click.option(
    "--seconds",
    type=click.IntRange(5, 3600),
    default=90,
    show_default=True,
    help="How long it takes: one life of the unit that lives longest.",
)
def demo(machine_ids: tuple[str, ...], seconds: int) -> None:
    """Play held-out lives as readings of units: they age, alerts rise, and units fail.

    The lives are synthetic and no predictor has learnt from them. Each machine gets one unit. The
    first unit with an alarm is replaced in time, the others run to failure.

    All machines with a predictor take part, or those that are named. Without any, four machines of
    the fleet are onboarded first. Without workers, the embedded stack runs meanwhile.

    \b
    Examples:
      fleetforge demo
      fleetforge demo motor_siemens_1la7_001 --seconds 30
    """
    settings = open_ledger(create=True)
    interrupt_on_signals()
    send = publisher(settings)
    with ExitStack() as resources:
        chosen = _machines(settings, machine_ids, send, resources)
        units = _units(settings, chosen)
        play = Play(settings, send, units, seconds)
        play.run()
        _summary(settings, play)
        _show_plan("plan")
        if play.replace_most_urgent():
            _show_plan("new plan")
    click.echo("more: fleetforge units list, fleetforge alerts list, fleetforge plan --help")


def _machines(
    settings: Settings, wanted: Sequence[str], send: Send, resources: ExitStack
) -> list[str]:
    """The machines that take part; those without a predictor are onboarded."""
    ready = [row.machine_id for row in predictors.predictors()]
    chosen = list(wanted or ready or _FIRST_MACHINES)
    missing = [machine_id for machine_id in chosen if machine_id not in ready]
    EmbeddedWorkers(settings, len(chosen), resources).help()
    if missing:
        click.echo(f"onboarding {len(missing)} machines first: about 20 s of work each", err=True)
        machines = [new_machine(name, fleet_profile(name)) for name in missing]
        register(machines, _FIRST_PLAN, send, actor="cli")
        follow(settings, missing, as_json=False)
    return chosen


def _units(settings: Settings, machine_ids: Sequence[str]) -> list[PlayedUnit]:
    store = open_store(settings.artifact_root, settings.home)
    lives = {machine_id: held_out_lives(machine_id, store) for machine_id in machine_ids}
    without = [machine_id for machine_id, found in lives.items() if not found]
    if without:
        raise FleetforgeError(
            f"{', '.join(without)}: no test set; see: fleetforge why {without[0]}"
        )
    longest = max(found[0].length for found in lives.values())
    began_at = clock_ms() - round((longest + 1) * _MS_PER_HOUR)
    return [
        PlayedUnit(machine_id, _new_unit(settings, machine_id), found, began_at)
        for machine_id, found in lives.items()
    ]


def _new_unit(settings: Settings, machine_id: str) -> str:
    """The first number that no unit of the machine has."""
    there = {
        row.unit
        for row in unit_queries.units(
            silent_hours=settings.silent_hours, machine_id=machine_id, limit=10_000
        )
    }
    return next(str(number) for number in range(1, len(there) + 2) if str(number) not in there)


def _summary(settings: Settings, play: Play) -> None:
    found = unit_queries.units(silent_hours=settings.silent_hours, limit=1_000)
    print_rows([list_row(row) for row in found], COLUMNS, "no units")
    levels = Counter(alert.level for alert in play.alerts.values())
    raised = ", ".join(f"{count} {level}" for level, count in levels.most_common()) or "none"
    click.echo(f"{play.rows:,} rows of readings; alerts by their highest level: {raised}")
    if play.warned_hours or play.missed:
        hours = sorted(play.warned_hours)
        least = f", the shortest warning {hours[0]:.0f} h" if hours else ""
        click.echo(
            f"{len(hours) + play.missed} units failed, {len(hours)} after a warning or alarm{least}"
        )


def _show_plan(title: str) -> None:
    """Print the plan for the next four Sundays, shortly."""
    found = plan_stops(
        [_WINDOW], failure_cost=10.0, stop_cost=1.0, stop_hours=4.0, zone="UTC", weeks=4
    )
    from GAN.maintenance.plan import LeftOutBecause

    click.echo(f"{title} for {_WINDOW}, if a failure costs ten stops:")
    for stop in found.stops[:_MOST_PRINTED]:
        day = f"{found.window_of(stop).start:%Y-%m-%d}"
        click.echo(f"  {day}  {stop.machine_id} {stop.unit}: {stop.reason}")
    late = [one for one in found.left_out if one.because is LeftOutBecause.TOO_LATE]
    for other in late[:_MOST_PRINTED]:
        click.echo(f"  now         {other.machine_id} {other.unit}: {other.reason}")
    waiting = next(rule for rule in found.rules if rule.rule == "run to failure")
    click.echo(
        f"  {len(found.stops)} stops, cost {found.expected_cost:.3g}; "
        f"run to failure costs {waiting.expected_cost:.3g}"
    )
