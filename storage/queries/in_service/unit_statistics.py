"""Statistics of the units of each machine type: levels, open alerts, and how old what is known is.

They have no figure of a single unit, so their number does not grow with the fleet.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from storage.database import clock_ms, execute, reading
from storage.queries.in_service.units import PREDICTING, SHOWN_LEVEL

#: Machine types with figures of their own, those with the most units; the others are counted
#: together.
MOST_TYPES = 50
#: The name of these others; no machine type has it, because names of types have no spaces.
OTHERS = "other types"

#: Waiting readings that are counted; of more, this many.
MOST_WAITING = 100_000

_MS_PER_HOUR = 3_600_000


@dataclass(frozen=True)
class Spread:
    """Median and maximum over units, seconds."""

    median: float
    highest: float


@dataclass(frozen=True)
class TypeStatistics:
    """The units of a machine type.

    Ages are those of units with recent readings only: a unit that was taken out of service would
    else set the maximum for ever.

    Attributes:
        levels: Number of units by level.
        alerts: Number of open alerts by level.
        reading_age: Time since the newest reading; None without such a unit.
        reading_lag: Time from the newest reading until it came; None without such a unit.
        prediction_age: Time since the reading of the newest prediction; None without a prediction.
    """

    levels: dict[str, int]
    alerts: dict[str, int]
    reading_age: Spread | None
    reading_lag: Spread | None
    prediction_age: Spread | None


@dataclass(frozen=True)
class UnitStatistics:
    """The units of all machines.

    Attributes:
        types: By machine type.
        waiting_units: Units with readings that no prediction includes yet.
        waiting_readings: These readings, at most `MOST_WAITING`.
    """

    types: dict[str, TypeStatistics]
    waiting_units: int
    waiting_readings: int


def unit_statistics(silent_hours: float) -> UnitStatistics:
    """Count units, and find how old their readings and predictions are.

    Args:
        silent_hours: A unit whose newest readings came longer ago has no forecast.
    """
    silent_ms = round(silent_hours * _MS_PER_HOUR)
    with reading():
        now = clock_ms()
        units = execute(_UNITS, silent_ms=silent_ms)
        open_alerts = execute(_ALERTS)
        ((waiting_units,),) = execute(_WAITING_UNITS)
        ((waiting_readings,),) = execute(_WAITING_READINGS, most=MOST_WAITING)
    sizes = Counter(row[0] for row in units)
    named = {name for name, _ in sizes.most_common(MOST_TYPES)}
    levels: dict[str, Counter[str]] = defaultdict(Counter)
    alerts: dict[str, Counter[str]] = defaultdict(Counter)
    ages: dict[str, list[int]] = defaultdict(list)
    lags: dict[str, list[int]] = defaultdict(list)
    predicted: dict[str, list[int]] = defaultdict(list)
    for machine_type, level, seen_at, received_at, predicted_at in units:
        name = machine_type if machine_type in named else OTHERS
        levels[name][level] += 1
        if received_at is None or received_at < now - silent_ms:
            continue
        ages[name].append(now - seen_at)
        lags[name].append(received_at - seen_at)
        if predicted_at is not None:
            predicted[name].append(now - predicted_at)
    for machine_type, level, count in open_alerts:
        alerts[machine_type if machine_type in named else OTHERS][level] += count
    types = {
        name: TypeStatistics(
            levels=dict(levels[name]),
            alerts=dict(alerts[name]),
            reading_age=_spread(ages[name]),
            reading_lag=_spread(lags[name]),
            prediction_age=_spread(predicted[name]),
        )
        for name in sorted(levels)
    }
    return UnitStatistics(types, waiting_units, waiting_readings)


def _spread(milliseconds: Sequence[int]) -> Spread | None:
    if not milliseconds:
        return None
    return Spread(median(milliseconds) / 1000, max(milliseconds) / 1000)


_UNITS = f"""
SELECT machines.machine_type, {SHOWN_LEVEL}, units.seen_at, units.received_at, units.predicted_at
FROM units JOIN machines ON machines.machine_id = units.machine_id
LEFT JOIN predictors ON predictors.machine_id = units.machine_id AND predictors.live
{PREDICTING}
"""

_ALERTS = """
SELECT machines.machine_type, alerts.level, COUNT(*)
FROM alerts JOIN machines ON machines.machine_id = alerts.machine_id
WHERE alerts.cleared_at IS NULL GROUP BY machines.machine_type, alerts.level
"""

_WAITING_UNITS = "SELECT COUNT(*) FROM units WHERE seen_at > condition_at"

_WAITING_READINGS = """
SELECT COUNT(*) FROM (
    SELECT 1 FROM units JOIN readings
        ON readings.unit_id = units.id AND readings.at > units.condition_at
    WHERE units.seen_at > units.condition_at LIMIT :most
) AS waiting
"""
