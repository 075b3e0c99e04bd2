"""Forecasts against outcomes: altogether, by version of the predictor, and by month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from storage.database import reading
from storage.queries.in_service import forecasts
from storage.queries.in_service.outcomes import rows
from storage.queries.in_service.outcomes.figures import (
    AlertFigures,
    HorizonFigures,
    alert_figures,
    forecast_of,
    horizon_figures,
    hours_within,
)
from storage.queries.in_service.outcomes.rows import HORIZONS, EndedLife, RaisedAlert, ServiceSpan

#: Lives of one answer; of more, the newest.
MOST_LIVES = 10_000
#: Alerts for each of these lives.
_ALERTS_PER_LIFE = 5
#: Months of one answer; of more, the newest.
MOST_MONTHS = 120


@dataclass(frozen=True)
class VersionOutcomes:
    """The forecasts and alerts of one version of a machine's predictor.

    Attributes:
        version: None for versions that are removed.
        alerts: Without a rate: hours in service are not known by version.
    """

    machine_id: str
    version: int | None
    horizons: list[HorizonFigures]
    alerts: AlertFigures


@dataclass(frozen=True)
class MonthOutcomes:
    """A month (UTC) of service: lives that ended in it, and alerts that were raised in it.

    Attributes:
        month: Such as `2026-11`.
        failed: Lives that ended by a failure.
        maintained: Lives that ended by maintenance.
    """

    month: str
    failed: int
    maintained: int
    horizons: list[HorizonFigures]
    alerts: AlertFigures


@dataclass(frozen=True)
class Outcomes:
    """Forecasts against outcomes; times are ms since 1970.

    Attributes:
        machine_id: Only of this machine; None: of all.
        since: What happened before is left out; None: nothing is.
        until: What happened later is left out; None: nothing is.
        shortened: Whether there is so much that `since` had to be later than it was asked for.
        failed: Lives that ended by a failure.
        maintained: Lives that ended by maintenance. It is not known how long they would have lived.
        maintained_under_alert: Of these, those that were at warning or alarm.
    """

    machine_id: str | None
    since: int | None
    until: int | None
    shortened: bool
    failed: int
    maintained: int
    maintained_under_alert: int
    horizons: list[HorizonFigures]
    alerts: AlertFigures
    by_version: list[VersionOutcomes]
    by_month: list[MonthOutcomes]


def outcomes(
    *,
    silent_hours: float,
    machine_id: str | None = None,
    since: int | None = None,
    until: int | None = None,
    most: int = MOST_LIVES,
) -> Outcomes:
    """Compare forecasts with outcomes.

    Args:
        silent_hours: A prediction that was older at a horizon was no forecast any more, hours.
        machine_id: Only of this machine.
        since: Only of lives that ended, and of alerts that were raised, at or after this; by the
            times of readings, ms since 1970.
        until: Likewise at or before this.
        most: Maximum number of lives; if there are more, `since` is later than it was asked for.
    """
    most_alerts = most * _ALERTS_PER_LIFE
    with reading():
        lives = rows.ended_lives(machine_id, since, until, silent_hours, most + 1)
        alerts = rows.raised_alerts(machine_id, since, until, most_alerts + 1)
        # From then on, all lives and alerts are there.
        starts = [life.ended_at + 1 for life in lives[most:]]
        starts += [alert.reading_at + 1 for alert in alerts[most_alerts:]]
        start = max(starts, default=None)
        if start is not None:
            since = start
            lives = [life for life in lives if life.ended_at >= start]
            alerts = [alert for alert in alerts if alert.reading_at >= start]
        spans = rows.service_spans(machine_id, since or 0, until)
    named = () if machine_id is None else (machine_id,)
    planning = {
        machine: prior["planning_hours"] for machine, prior in forecasts.priors(named).items()
    }
    last = max((span.ended_at for span in spans), default=0)
    whole = (since or 0, last if until is None else until)
    found = compared(lives, alerts, spans, planning, whole)
    shortened = start is not None
    return replace(found, machine_id=machine_id, since=since, until=until, shortened=shortened)


def compared(
    lives: Sequence[EndedLife],
    alerts: Sequence[RaisedAlert],
    spans: Sequence[ServiceSpan],
    planning_hours: Mapping[str, float],
    whole: tuple[int, int],
) -> Outcomes:
    """All figures of these rows.

    Args:
        lives: Lives that ended.
        alerts: Alerts that reached warning or alarm.
        spans: Lives in service.
        planning_hours: The planning horizon by machine.
        whole: Start and end of the period, ms since 1970.
    """
    failed = sum(life.failed for life in lives)
    return Outcomes(
        machine_id=None,
        since=None,
        until=None,
        shortened=False,
        failed=failed,
        maintained=len(lives) - failed,
        maintained_under_alert=sum(life.under_alert for life in lives),
        horizons=[horizon_figures(hours, lives) for hours in HORIZONS],
        alerts=alert_figures(alerts, planning_hours, hours_within(spans, *whole)),
        by_version=_by_version(lives, alerts, planning_hours),
        by_month=_by_month(lives, alerts, spans, planning_hours, whole),
    )


def _by_version(
    lives: Sequence[EndedLife], alerts: Sequence[RaisedAlert], planning_hours: Mapping[str, float]
) -> list[VersionOutcomes]:
    """Each version with the forecasts that it made: one life may have those of several."""
    made: dict[tuple[str, int | None], dict[int, list[EndedLife]]] = defaultdict(
        lambda: {hours: [] for hours in HORIZONS}
    )
    raised: dict[tuple[str, int | None], list[RaisedAlert]] = defaultdict(list)
    for life in lives:
        for hours in HORIZONS:
            said = forecast_of(life, hours)
            if said is not None:
                made[life.machine_id, said.version][hours].append(life)
    for alert in alerts:
        raised[alert.machine_id, alert.version].append(alert)
    return [
        VersionOutcomes(
            machine_id=machine_id,
            version=version,
            horizons=[
                horizon_figures(hours, its) for hours, its in made[machine_id, version].items()
            ],
            alerts=alert_figures(raised[machine_id, version], planning_hours, 0.0),
        )
        for machine_id, version in sorted(made | raised, key=lambda one: (one[0], one[1] or 0))
    ]


def _by_month(
    lives: Sequence[EndedLife],
    alerts: Sequence[RaisedAlert],
    spans: Sequence[ServiceSpan],
    planning_hours: Mapping[str, float],
    whole: tuple[int, int],
) -> list[MonthOutcomes]:
    ended: dict[str, list[EndedLife]] = defaultdict(list)
    raised: dict[str, list[RaisedAlert]] = defaultdict(list)
    for life in lives:
        ended[_month(life.ended_at)].append(life)
    for alert in alerts:
        raised[_month(alert.reading_at)].append(alert)
    found = []
    for month in sorted(ended.keys() | raised.keys() | _months_of(spans, whole))[-MOST_MONTHS:]:
        its_lives = ended[month]
        failed = sum(life.failed for life in its_lives)
        start, end = _bounds(month)
        hours = hours_within(spans, max(start, whole[0]), min(end, whole[1]))
        if not (hours or its_lives or raised[month]):
            continue
        found.append(
            MonthOutcomes(
                month=month,
                failed=failed,
                maintained=len(its_lives) - failed,
                horizons=[horizon_figures(horizon, its_lives) for horizon in HORIZONS],
                alerts=alert_figures(raised[month], planning_hours, hours),
            )
        )
    return found


def _months_of(spans: Sequence[ServiceSpan], whole: tuple[int, int]) -> set[str]:
    """The months from the first to the last hour in service of a period."""
    if not spans:
        return set()
    at = max(min(span.began_at for span in spans), whole[0])
    last = min(max(span.ended_at for span in spans), whole[1])
    found = set()
    while at <= last:
        found.add(_month(at))
        _, at = _bounds(_month(at))
    return found


def _month(at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m}"


def _bounds(month: str) -> tuple[int, int]:
    """Start and end of a month, ms since 1970."""
    start = datetime.fromisoformat(f"{month}-01T00:00:00+00:00")
    end = (start + timedelta(days=32)).replace(day=1)
    return round(start.timestamp() * 1000), round(end.timestamp() * 1000)
