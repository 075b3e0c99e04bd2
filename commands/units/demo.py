"""`fleetforge demo`."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import click

from commands.embedded import EmbeddedWorkers
from commands.machines.follow import follow
from commands.output import print_rows
from commands.session import open_ledger, publisher
from commands.stopping import interrupt_on_signals
from commands.units.played_lives import PlayedUnit, held_out_lives
from commands.units.units import COLUMNS, list_row
from errors import FleetforgeError
from events.bus import Send
from events.lives import end_life
from events.onboarding import new_machine, register
from events.plan import Plan, Samples
from events.telemetry import take_in
from GAN.profiles.catalogue import fleet_profile
from GAN.telemetry.batch import SentBatch
from storage.artifacts.store import open_store
from storage.database import clock_ms
from storage.queries import alerts as alert_queries
from storage.queries import predictors
from storage.queries import units as unit_queries
from storage.queries.alerts import AlertRow
from storage.settings import Settings
from storage.status import UnitLevel
from storage.telemetry.lives import EndedBy, Ending

#: Machines that an empty home onboards for the demo, and with what.
_FIRST_MACHINES = (
    "motor_siemens_1la7_001",
    "pump_ksb_etanorm_006",
    "cnc_haas_vf2_001",
    "compressor_atlas_copco_ga30_001",
)
_FIRST_PLAN = Plan(rows=2_000, epochs=8, samples=Samples(train=3_000, val=600, test=2_400))

_MS_PER_HOUR = 3_600_000
_TICK_SECONDS = 0.5
#: How long the last predictions are waited for, seconds.
_LAST_SECONDS = 60.0
#: Most alerts of a tick that are printed.
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
    settings = open_ledger()
    interrupt_on_signals()
    send = publisher(settings)
    with ExitStack() as resources:
        chosen = _machines(settings, machine_ids, send, resources)
        units = _units(settings, chosen)
        play = Play(settings, send, units, seconds)
        play.run()
    _summary(settings, play)


def _machines(
    settings: Settings, wanted: Sequence[str], send: Send, resources: ExitStack
) -> list[str]:
    """The machines that take part; those without a predictor are onboarded."""
    ready = [row.machine_id for row in predictors.predictors()]
    chosen = list(wanted or ready or _FIRST_MACHINES)
    missing = [machine_id for machine_id in chosen if machine_id not in ready]
    EmbeddedWorkers(settings, len(chosen), resources).help()
    if missing:
        click.echo(f"onboarding {len(missing)} machines first: about 15 s of work each", err=True)
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


@dataclass
class Play:
    """Lives, played against a clock that runs fast.

    Attributes:
        seconds: How long it takes.
        alerts: Alerts that were raised, by id.
        warned_hours: Hours between the first alert of a unit and its failure.
        missed: Failures without an alert before them.
    """

    settings: Settings
    send: Send
    units: Sequence[PlayedUnit]
    seconds: int
    alerts: dict[int, AlertRow] = field(default_factory=dict)
    warned_hours: list[float] = field(default_factory=list)
    missed: int = 0
    replaced: AlertRow | None = None
    rows: int = 0
    _first_seen: dict[int, int] = field(default_factory=dict)

    def run(self) -> None:
        """Play until the clock is at the present."""
        self._last_alert = max((a.id for a in alert_queries.alerts(limit=1)), default=0)
        end = clock_ms()
        start = end - round(max(unit.life.length for unit in self.units) * _MS_PER_HOUR)
        speed = (end - start) / self.seconds / 1000
        click.echo(f"{len(self.units)} units, {speed:,.0f} times as fast as life", err=True)
        began = time.monotonic()
        while True:
            passed = time.monotonic() - began
            now = min(start + round(passed * speed * 1000), end)
            self._advance(now)
            if now == end:
                break
            time.sleep(max(0.0, _TICK_SECONDS - (time.monotonic() - began - passed)))
        self._wait()

    def _advance(self, now: int) -> None:
        rows = [row for unit in self.units for row in unit.rows_until(now)]
        if rows:
            self.rows += len(rows)
            take_in(
                SentBatch(rows),
                self.send,
                actor="demo",
                max_units=self.settings.max_units,
            )
        self._look()
        behind = self._behind()
        for unit in self.units:
            if now > unit.fails_at and (unit.machine_id, unit.unit) not in behind:
                self._fail(unit)

    def _look(self) -> None:
        """Print the alerts that have come, and answer the first alarm."""
        found = alert_queries.alerts(limit=200)
        ours = {(unit.machine_id, unit.unit): unit for unit in self.units}
        new = [
            alert
            for alert in reversed(found)
            if alert.id > self._last_alert
            and (alert.machine_id, alert.unit) in ours
            and (alert.id not in self.alerts or self.alerts[alert.id].level != alert.level)
        ]
        for alert in new[:_MOST_PRINTED]:
            unit = ours[alert.machine_id, alert.unit]
            left = (unit.fails_at - alert.reading_at) / _MS_PER_HOUR
            truth = f"true: {left:.0f} h" if left > 0 else "it has failed by now"
            click.echo(
                f"{alert.level:8}{alert.machine_id} {alert.unit}: {alert.cause}. "
                f"{alert.sentence} [{truth}]"
            )
        if len(new) > _MOST_PRINTED:
            click.echo(f"{len(new) - _MOST_PRINTED} more; see: fleetforge alerts list")
        self.alerts |= {alert.id: alert for alert in new}
        for alert in new:
            self._first_seen.setdefault(alert.id, alert.reading_at)
        if self.replaced is None:
            alarm = next((a for a in new if a.level == UnitLevel.ALARM and not a.cleared_at), None)
            if alarm is not None:
                self._replace(ours[alarm.machine_id, alarm.unit], alarm)

    def _replace(self, unit: PlayedUnit, alarm: AlertRow) -> None:
        self.replaced = alarm
        at = alarm.reading_at + 1
        ending = Ending(
            unit.machine_id, unit.unit, at, EndedBy.MAINTENANCE, note="replaced after the alarm"
        )
        end_life(ending, self.send, "demo")
        unit.begin_again(at)
        click.echo(f"{unit.machine_id} {unit.unit} is replaced in time")

    def _fail(self, unit: PlayedUnit) -> None:
        found = alert_queries.alerts(
            machine_id=unit.machine_id, unit=unit.unit, is_open=True, limit=1
        )
        if found:
            warned_at = self._first_seen.get(found[0].id, found[0].reading_at)
            self.warned_hours.append((unit.fails_at - warned_at) / _MS_PER_HOUR)
        else:
            self.missed += 1
        at = unit.fails_at
        mode = unit.life.failure_mode
        ending = Ending(unit.machine_id, unit.unit, at + 1, EndedBy.FAILURE, mode)
        end_life(ending, self.send, "demo")
        click.echo(f"failed  {unit.machine_id} {unit.unit}: {mode}")
        unit.begin_again(at + 1)

    def _wait(self) -> None:
        """Wait until the last readings are predicted."""
        until = time.monotonic() + _LAST_SECONDS
        while self._behind() and time.monotonic() < until:
            self._look()
            time.sleep(_TICK_SECONDS)
        self._look()

    def _behind(self) -> set[tuple[str, str]]:
        """Units with readings that are not predicted yet."""
        found = unit_queries.units(silent_hours=self.settings.silent_hours, limit=10_000)
        return {
            (row.machine_id, row.unit)
            for row in found
            if row.seen_at is not None and (row.predicted_at or row.began_at or 0) < row.seen_at
        }


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
            f"{len(hours) + play.missed} units failed, {len(hours)} of them after an alert{least}"
        )
    click.echo("more: fleetforge units list, fleetforge alerts list, fleetforge units show MACHINE")
