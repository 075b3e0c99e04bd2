"""The course of a unit's forecasts, thinned for a chart."""

from __future__ import annotations

from storage.database import execute, reading
from storage.telemetry.units import key_of

#: Time (ms since 1970), RUL, and its 90 % interval, hours.
Forecast = tuple[int, float, float, float]


def forecasts(machine_id: str, unit: str, *, since: int, until: int, points: int) -> list[Forecast]:
    """Kept forecasts of a unit, the oldest first: the newest one of each part of a period.

    Args:
        machine_id: The machine.
        unit: The unit.
        since: Begin of the period, ms since 1970.
        until: Its end.
        points: How many parts of the same length the period has.

    Raises:
        NotFound: The machine has no such unit.
    """
    with reading():
        key = key_of(machine_id, unit)
        return execute(
            _FORECASTS,
            unit=key.id,
            since=since,
            until=until,
            points=points,
            length=until - since + 1,
        )


_FORECASTS = """
SELECT predicted_at, rul_hours, rul_low_hours, rul_high_hours FROM predictions
WHERE unit_id = :unit AND predicted_at IN (
    SELECT MAX(predicted_at) FROM predictions
    WHERE unit_id = :unit AND predicted_at BETWEEN :since AND :until AND rul_hours IS NOT NULL
    GROUP BY (predicted_at - :since) * :points / :length
)
ORDER BY predicted_at
"""
