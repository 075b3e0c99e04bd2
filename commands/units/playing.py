"""Playing lives against a clock that runs fast."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import click

from commands.units.played_lives import PlayedUnit
from events.bus import Send
from events.lives import end_life
from events.telemetry import take_in
from GAN.telemetry.batch import SentBatch, SentRow
from storage.database import clock_ms
from storage.queries.in_service import alerts as alert_queries
from storage.queries.in_service import forecasts
from storage.queries.in_service import units as unit_queries
from storage.queries.in_service.alerts import AlertRow
from storage.settings import Settings
from storage.status import UnitLevel
from storage.telemetry.labels import PLAYED
from storage.telemetry.lives import EndedBy, Ending

_MS_PER_HOUR = 3_600_000
_TICK_SECONDS = 0.5
#: How long the last predictions are waited for, seconds.
_LAST_SECONDS = 60.0
#: No unit fails in the last hours of the clock.
_CALM_HOURS = 20
#: Most alerts of a tick that are printed.
_MOST_PRINTED = 8


@dataclass
class Play:
    """Lives, played against a clock that runs fast.

    Attributes:
        seconds: How long it takes.
        alerts: Alerts that were raised, by id.
        warned_hours: Hours between the first warning or alarm of a unit and its failure.
        missed: Failures without one.
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
        end = self._end = clock_ms()
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
        self._send([row for unit in self.units for row in unit.rows_until(now)])
        self._look()
        if now > self._end - _CALM_HOURS * _MS_PER_HOUR:
            return  # At the end every unit has readings of its life.
        behind = self._behind()
        for unit in self.units:
            if now > unit.fails_at and (unit.machine_id, unit.unit) not in behind:
                self._fail(unit)

    def _send(self, rows: list[SentRow]) -> None:
        if rows:
            self.rows += len(rows)
            take_in(SentBatch(rows), self.send, actor="demo", max_units=self.settings.max_units)

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
            if alert.level != UnitLevel.WATCH:
                self._first_seen.setdefault(alert.id, alert.reading_at)
        if self.replaced is None:
            alarm = next((a for a in new if a.level == UnitLevel.ALARM and not a.cleared_at), None)
            if alarm is not None:
                self._replace(ours[alarm.machine_id, alarm.unit], alarm)

    def _replace(self, unit: PlayedUnit, alarm: AlertRow) -> None:
        self.replaced = alarm
        at = unit.newest_at + 1
        ending = Ending(unit.machine_id, unit.unit, at, EndedBy.MAINTENANCE, note=PLAYED)
        end_life(ending, self.send, "demo")
        unit.begin_again(at)
        click.echo(f"{unit.machine_id} {unit.unit} is replaced in time")

    def replace_most_urgent(self) -> bool:
        """Replace the unit with the shortest RUL; whether there was one to replace."""
        ours = {(unit.machine_id, unit.unit): unit for unit in self.units}
        for row in forecasts.newest((), len(self.units)):
            unit = ours.get((row.machine_id, row.unit))
            if unit is not None:
                at = clock_ms()
                ending = Ending(unit.machine_id, unit.unit, at, EndedBy.MAINTENANCE, note=PLAYED)
                end_life(ending, self.send, "demo")
                click.echo(f"{unit.machine_id} {unit.unit} is replaced now")
                unit.begin_again(at)
                self._send(list(unit.rows_until(at + 1)))
                self._wait()
                return True
        return False

    def _fail(self, unit: PlayedUnit) -> None:
        found = alert_queries.alerts(
            machine_id=unit.machine_id, unit=unit.unit, is_open=True, limit=1
        )
        if found and found[0].level != UnitLevel.WATCH:
            warned_at = self._first_seen.get(found[0].id, found[0].reading_at)
            self.warned_hours.append((unit.fails_at - warned_at) / _MS_PER_HOUR)
        else:
            self.missed += 1
        at = unit.fails_at
        mode = unit.life.failure_mode
        ending = Ending(unit.machine_id, unit.unit, at + 1, EndedBy.FAILURE, mode, PLAYED)
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
