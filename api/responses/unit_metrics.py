"""Units and outcomes for Prometheus, computed at most every few seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from threading import Lock
from typing import Any

from prometheus_client import generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

from storage.database import clock_ms
from storage.queries.in_service.outcomes.figures import AlertFigures, HorizonFigures
from storage.queries.in_service.outcomes.report import Outcomes, outcomes
from storage.queries.in_service.unit_statistics import Spread, UnitStatistics, unit_statistics
from storage.status import UnitLevel

#: How long figures are shown before they are computed again, seconds.
UNITS_SECONDS, OUTCOMES_SECONDS = 5.0, 60.0
#: They are shown longer if computing them took long: for this many times as long.
_TIMES_AS_LONG = 20

#: Outcomes of this many days of readings are shown, of the newest lives.
OUTCOME_DAYS, MOST_LIVES = 90, 1_000

_MS_PER_DAY = 86_400_000
_ALERT_LEVELS = (UnitLevel.WATCH, UnitLevel.WARNING, UnitLevel.ALARM)


class UnitMetrics:
    """The figures of one ledger; several threads may ask for them.

    Args:
        silent_hours: A unit whose newest readings came longer ago has no forecast.
        clock: Gives seconds.
    """

    def __init__(self, silent_hours: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._units = _Shown(lambda: _of_units(unit_statistics(silent_hours)), UNITS_SECONDS, clock)

        def judged() -> Iterator[Metric]:
            since = clock_ms() - OUTCOME_DAYS * _MS_PER_DAY
            return _of_outcomes(outcomes(silent_hours=silent_hours, since=since, most=MOST_LIVES))

        self._outcomes = _Shown(judged, OUTCOMES_SECONDS, clock)

    def text(self) -> bytes:
        """The figures as Prometheus reads them."""
        return self._units.text() + self._outcomes.text()


class _Shown:
    """Figures that are computed again when they are old."""

    def __init__(
        self, compute: Callable[[], Iterable[Metric]], seconds: float, clock: Callable[[], float]
    ) -> None:
        self._compute, self._seconds, self._clock = compute, seconds, clock
        self._lock = Lock()
        self._text = b""
        self._until = -1.0

    def text(self) -> bytes:
        with self._lock:  # Scrapes that come at once share one computation.
            began = self._clock()
            if began >= self._until:
                registry = CollectorRegistry()
                registry.register(_Given(list(self._compute())))
                self._text = generate_latest(registry)
                now = self._clock()
                self._until = now + max(self._seconds, _TIMES_AS_LONG * (now - began))
            return self._text


class _Given(Collector):
    """Metrics that are already there."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _gauge(name: str, text: str, labels: tuple[str, ...], values: Iterable[Any]) -> Metric:
    """A gauge from pairs of label values and a value; a value that is None is left out."""
    family = GaugeMetricFamily(f"fleetforge_{name}", text, labels=labels)
    for its_labels, value in values:
        if value is not None:
            family.add_metric([str(label) for label in its_labels], value)
    return family


def _of_units(found: UnitStatistics) -> Iterator[Metric]:
    types = found.types.items()
    yield _gauge(
        "units",
        "Units by machine type and level.",
        ("machine_type", "level"),
        (((name, one), its.levels.get(one, 0)) for name, its in types for one in UnitLevel),
    )
    yield _gauge(
        "open_alerts",
        "Open alerts by machine type and level.",
        ("machine_type", "level"),
        (((name, one), its.alerts.get(one, 0)) for name, its in types for one in _ALERT_LEVELS),
    )
    for name, text, spreads in (
        (
            "reading_age",
            "Time since the newest reading of a unit with recent ones.",
            [(name, its.reading_age) for name, its in types],
        ),
        (
            "reading_lag",
            "Time from a unit's newest reading until it came.",
            [(name, its.reading_lag) for name, its in types],
        ),
        (
            "prediction_age",
            "Time since the reading of a unit's newest prediction.",
            [(name, its.prediction_age) for name, its in types],
        ),
    ):
        labels = ("machine_type", "over_units")
        yield _gauge(f"{name}_seconds", text, labels, _spread_values(spreads))
    waiting = "Units with readings that no prediction includes yet."
    yield _gauge("waiting_units", waiting, (), [((), found.waiting_units)])
    waiting = "Readings that no prediction includes yet; at most 100,000 are counted."
    yield _gauge("waiting_readings", waiting, (), [((), found.waiting_readings)])


def _spread_values(spreads: Iterable[tuple[str, Spread | None]]) -> Iterator[Any]:
    for name, spread in spreads:
        if spread is not None:
            yield (name, "median"), spread.median
            yield (name, "max"), spread.highest


def _of_outcomes(found: Outcomes) -> Iterator[Metric]:
    days = f"of the last {OUTCOME_DAYS} days"
    for name, text, figure in _HORIZON_GAUGES:
        values = (((one.hours,), figure(one)) for one in found.horizons)
        yield _gauge(f"outcome_{name}", f"{text}, {days}.", ("hours",), values)
    lives = [(("failure",), found.failed), (("maintenance",), found.maintained)]
    yield _gauge("ended_lives", f"Lives that ended, {days}.", ("ended_by",), lives)
    alerts: AlertFigures = found.alerts
    verdicts = [
        (("right",), alerts.right),
        (("false",), alerts.false.count),
        (("undecided",), alerts.undecided),
    ]
    yield _gauge(
        "judged_alerts", f"Warnings and alarms by verdict, {days}.", ("verdict",), verdicts
    )
    rate = alerts.false.per_1000_hours
    text = f"False warnings and alarms in 1,000 hours in service, {days}."
    yield _gauge("false_alarms_per_1000_hours", text, (), [((), rate)])


#: Name, description, and the figure of a horizon.
_HORIZON_GAUGES: tuple[tuple[str, str, Callable[[HorizonFigures], float | None]], ...] = (
    ("forecasts", "Failures with a forecast by hours before them", lambda one: one.hit.of),
    ("hit_ratio", "Share of these at warning or alarm by then", lambda one: one.hit.share),
    (
        "coverage_ratio",
        "Share of these with the true RUL in the 90 % interval",
        lambda one: one.coverage.share,
    ),
    ("mode_ratio", "Share of these with the right failure mode", lambda one: one.mode.share),
    (
        "median_absolute_error_hours",
        "Median absolute error of the RUL",
        lambda one: one.median_absolute_error_hours,
    ),
    ("bias_hours", "Mean of forecast less true RUL", lambda one: one.bias_hours),
)
