"""What was forecast, compared with what happened: pure functions over rows of the ledger."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean, median

from storage.queries.in_service.outcomes.rates import Rate, Share
from storage.queries.in_service.outcomes.rows import EndedLife, Forecast, RaisedAlert, ServiceSpan
from storage.status import UnitLevel

_MS_PER_HOUR = 3_600_000

#: The levels that count as a hit.
HITS = frozenset({UnitLevel.WARNING.value, UnitLevel.ALARM.value})


@dataclass(frozen=True)
class HorizonFigures:
    """What was said some hours before failures.

    Attributes:
        hours: The horizon.
        lives: Lives that ended by a failure.
        too_short: Of these, lives that had not begun by then.
        without: Of these, lives without a forecast by then, or with one that was too old.
        made_later: Forecasts that were made after the time that they were looked up for, because
            their readings came late.
        hit: The level was warning or alarm by then; of all lives with a forecast.
        coverage: The true RUL was within the 90 % interval.
        mode: The most likely failure mode was the reported one; of the reports that name one.
        median_absolute_error_hours: Of the median RUL; None without a forecast.
        bias_hours: Mean of forecast less true RUL; positive: failures came sooner than said.
    """

    hours: int
    lives: int
    too_short: int
    without: int
    made_later: int
    hit: Share
    coverage: Share
    mode: Share
    median_absolute_error_hours: float | None
    bias_hours: float | None


class Verdict(StrEnum):
    """What became of an alert."""

    RIGHT = "right"
    FALSE = "false"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class AlertFigures:
    """Alerts that reached warning or alarm.

    Attributes:
        raised: How many there are.
        right: The unit failed within the planning horizon.
        undecided: It is not known yet, or maintenance came first.
        false: The others, in 1,000 hours in service.
    """

    raised: int
    right: int
    undecided: int
    false: Rate


def horizon_figures(hours: int, lives: Collection[EndedLife]) -> HorizonFigures:
    """Figures of one horizon.

    Args:
        hours: The horizon.
        lives: Lives that ended; those that ended by maintenance are left out.
    """
    failed = [life for life in lives if life.failed]
    pairs = [(life, said) for life in failed if (said := forecast_of(life, hours)) is not None]
    too_short = sum(life.began_at > _time_of(life, hours) for life in failed)
    errors, covered = [], []
    for life, said in pairs:
        true = (life.ended_at - said.predicted_at) / _MS_PER_HOUR
        if said.rul_hours is not None:
            errors.append(said.rul_hours - true)
        if said.rul_low_hours is not None and said.rul_high_hours is not None:
            covered.append(said.rul_low_hours <= true <= said.rul_high_hours)
    return HorizonFigures(
        hours=hours,
        lives=len(failed),
        too_short=too_short,
        without=len(failed) - too_short - len(pairs),
        made_later=sum(said.created_at > _time_of(life, hours) for life, said in pairs),
        hit=Share.among(said.level in HITS for _, said in pairs),
        coverage=Share.among(covered),
        mode=Share.among(
            said.failure_class == life.failure_mode
            for life, said in pairs
            if life.failure_mode is not None
        ),
        median_absolute_error_hours=median(map(abs, errors)) if errors else None,
        bias_hours=fmean(errors) if errors else None,
    )


def forecast_of(life: EndedLife, hours: int) -> Forecast | None:
    """The forecast of a life at a horizon; None without one, or if it gave none then."""
    said = life.forecasts.get(hours)
    return None if said is None or said.level == UnitLevel.NO_FORECAST else said


def _time_of(life: EndedLife, hours: int) -> int:
    return life.ended_at - hours * _MS_PER_HOUR


def verdict(alert: RaisedAlert, planning_hours: float | None) -> Verdict:
    """Whether an alert was right.

    Args:
        alert: The alert.
        planning_hours: The planning horizon of its machine; None if it is not known.
    """
    if planning_hours is None:
        return Verdict.UNDECIDED
    last = alert.reading_at + planning_hours * _MS_PER_HOUR
    if alert.failed_at is not None and alert.failed_at <= last:
        return Verdict.RIGHT
    # Later readings took it back and no failure followed, or the unit ran on for too long.
    if (alert.withdrawn and alert.life_over) or alert.known_until > last:
        return Verdict.FALSE
    return Verdict.UNDECIDED


def alert_figures(
    alerts: Sequence[RaisedAlert], planning_hours: Mapping[str, float], hours: float
) -> AlertFigures:
    """Figures of alerts.

    Args:
        alerts: The alerts.
        planning_hours: The planning horizon by machine.
        hours: Hours in service, of all units together.
    """
    verdicts = [verdict(alert, planning_hours.get(alert.machine_id)) for alert in alerts]
    return AlertFigures(
        raised=len(alerts),
        right=verdicts.count(Verdict.RIGHT),
        undecided=verdicts.count(Verdict.UNDECIDED),
        false=Rate.of(verdicts.count(Verdict.FALSE), hours),
    )


def hours_within(spans: Collection[ServiceSpan], since: int, until: int) -> float:
    """Hours in service between two times (ms since 1970), of all lives together."""
    milliseconds = (
        min(span.ended_at, until) - max(span.began_at, since)
        for span in spans
        if span.ended_at > since and span.began_at < until
    )
    return sum(milliseconds) / _MS_PER_HOUR
