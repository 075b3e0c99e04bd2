"""What the ledger knows of ended lives: their forecasts, alerts, and hours in service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from storage.database import execute

#: Hours before the end of a life at which its forecasts are looked up.
HORIZONS = (8, 24, 168)

_MS_PER_HOUR = 3_600_000
#: Later than any time of the ledger, ms.
_NEVER = 2**53


class Forecast(NamedTuple):
    """The prediction that was current at some time; times are ms since 1970.

    Attributes:
        predicted_at: Time of the reading that it was made at.
        created_at: When it was made, by the ledger's clock.
        version: The version that made it; None once that version is removed.
        failure_class: The most likely failure mode.
    """

    predicted_at: int
    created_at: int
    version: int | None
    level: str
    failure_class: str | None
    rul_hours: float | None
    rul_low_hours: float | None
    rul_high_hours: float | None


@dataclass(frozen=True)
class EndedLife:
    """A life that has ended; times are ms since 1970.

    Attributes:
        failed: Whether it ended by a failure; else by maintenance.
        failure_mode: As it was reported; None if it is not known.
        under_alert: Whether maintenance ended it while its alert was at warning or alarm.
        forecasts: The forecast at each horizon that has one, by hours. Only of failures.
    """

    machine_id: str
    unit: str
    life: int
    began_at: int
    ended_at: int
    failed: bool
    failure_mode: str | None = None
    under_alert: bool = False
    forecasts: Mapping[int, Forecast] = field(default_factory=dict)


@dataclass(frozen=True)
class RaisedAlert:
    """An alert that reached warning or alarm; times are ms since 1970.

    Attributes:
        version: The version that raised it; None once that version is removed.
        reading_at: Time of the reading at which it reached its highest level.
        withdrawn: Whether later readings cleared it.
        life_over: Whether its life has ended, or a repair followed.
        failed_at: When its life ended by a failure; None if it did not, or if a repair came first.
        known_until: The unit is known to have run until then: the next repair, the end of its life,
            or the newest reading.
    """

    machine_id: str
    version: int | None
    reading_at: int
    withdrawn: bool
    life_over: bool
    failed_at: int | None
    known_until: int


@dataclass(frozen=True)
class ServiceSpan:
    """A life's time from its first to its newest prediction, ms since 1970."""

    machine_id: str
    began_at: int
    ended_at: int


def ended_lives(
    machine_id: str | None, since: int | None, until: int | None, silent_hours: float, most: int
) -> list[EndedLife]:
    """The lives that ended in a period, the newest first.

    Args:
        machine_id: Only lives of this machine.
        since: Only lives that ended at or after this, ms.
        until: Only lives that ended at or before this, ms.
        silent_hours: A prediction that was older at a horizon was no forecast any more, hours.
        most: Maximum number of lives.
    """
    rows = execute(
        _LIVES.format(where=_where("lives", machine_id)),
        most=most,
        silent_ms=round(silent_hours * _MS_PER_HOUR),
        **_asked(machine_id, since, until),
    )
    found: dict[int, EndedLife] = {}
    forecasts: dict[int, dict[int, Forecast]] = {}
    for life_id, machine, unit, life, began_at, ended_at, by, mode, alarmed, hours, *said in rows:
        if life_id not in found:
            own = forecasts.setdefault(life_id, {})
            failed = by == "failure"
            found[life_id] = EndedLife(
                machine, unit, life, began_at, ended_at, failed, mode, bool(alarmed), own
            )
        if said[0] is not None:
            forecasts[life_id][hours] = Forecast(*said)
    return list(found.values())


def raised_alerts(
    machine_id: str | None, since: int | None, until: int | None, most: int
) -> list[RaisedAlert]:
    """The alerts of a period that reached warning or alarm, the newest first, at most `most`.

    Alerts of readings after the end of their life are left out.
    """
    rows = execute(
        _ALERTS.format(where=_where("alerts", machine_id)),
        most=most,
        **_asked(machine_id, since, until),
    )
    return [
        RaisedAlert(machine, version, at, by == "readings", bool(over), failed_at, known_until)
        for machine, version, at, by, over, failed_at, known_until in rows
    ]


def service_spans(machine_id: str | None, since: int, until: int | None) -> list[ServiceSpan]:
    """The lives that were in service in a period, and when they had predictions."""
    statement = _SPANS.format(lives=_where("lives", machine_id), units=_where("units", machine_id))
    rows = execute(statement, **_asked(machine_id, since, until))
    return [ServiceSpan(*row) for row in rows if row[1] is not None and row[2] is not None]


def _where(table: str, machine_id: str | None) -> str:
    return "TRUE" if machine_id is None else f"{table}.machine_id = :machine"


def _asked(machine_id: str | None, since: int | None, until: int | None) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "since": 0 if since is None else since,
        "until": _NEVER if until is None else until,
    }
    return asked if machine_id is None else asked | {"machine": machine_id}


_HORIZONS = " UNION ALL ".join(f"SELECT {hours} AS hours" for hours in HORIZONS)

# The index of (unit_id, predicted_at) finds each forecast by one step back from its horizon.
_LIVES = f"""
SELECT ended.id, ended.machine_id, units.unit, ended.life, ended.began_at, ended.ended_at,
    ended.ended_by, ended.failure_mode, ended.ended_by = 'maintenance' AND EXISTS (
        SELECT 1 FROM alerts WHERE alerts.unit_id = ended.unit_id AND alerts.life = ended.life
            AND alerts.cleared_by = 'maintenance' AND alerts.level IN ('warning', 'alarm')
            AND NOT EXISTS (
                SELECT 1 FROM repairs WHERE repairs.unit_id = alerts.unit_id
                    AND repairs.life = alerts.life AND repairs.at >= alerts.reading_at
            )
    ), horizons.hours, predictions.predicted_at, predictions.created_at, predictors.version,
    predictions.level, predictions.failure_class, predictions.rul_hours,
    predictions.rul_low_hours, predictions.rul_high_hours
FROM (
    SELECT * FROM lives WHERE {{where}} AND ended_at BETWEEN :since AND :until
    ORDER BY ended_at DESC, id DESC LIMIT :most
) AS ended JOIN units ON units.id = ended.unit_id
CROSS JOIN ({_HORIZONS}) AS horizons
LEFT JOIN predictions ON ended.ended_by = 'failure' AND predictions.id = (
    SELECT id FROM predictions AS said
    WHERE said.unit_id = ended.unit_id AND said.life = ended.life
        AND said.predicted_at <= ended.ended_at - horizons.hours * {_MS_PER_HOUR}
        AND said.predicted_at >= ended.ended_at - horizons.hours * {_MS_PER_HOUR} - :silent_ms
        AND NOT EXISTS (
            SELECT 1 FROM repairs WHERE repairs.unit_id = said.unit_id
                AND repairs.life = said.life AND repairs.at >= said.predicted_at
        )
    ORDER BY said.predicted_at DESC LIMIT 1
)
LEFT JOIN predictors ON predictors.id = predictions.predictor_id
ORDER BY ended.ended_at DESC, ended.id DESC, horizons.hours
"""

# A prediction is kept at each change of level. Of old ones, gc keeps a later one of the same hour.
_ALERTS = """
SELECT alerts.machine_id, predictors.version, alerts.reading_at, alerts.cleared_by,
    lives.id IS NOT NULL OR repaired_at IS NOT NULL,
    CASE WHEN lives.ended_by = 'failure' AND repaired_at IS NULL THEN lives.ended_at END,
    COALESCE(repaired_at, lives.ended_at, units.seen_at)
FROM (
    SELECT alerts.*, (
        SELECT MIN(at) FROM repairs WHERE repairs.unit_id = alerts.unit_id
            AND repairs.life = alerts.life AND repairs.at >= alerts.reading_at
    ) AS repaired_at FROM alerts
) AS alerts JOIN units ON units.id = alerts.unit_id
LEFT JOIN lives ON lives.unit_id = alerts.unit_id AND lives.life = alerts.life
LEFT JOIN predictions ON predictions.id = (
    SELECT id FROM predictions AS said
    WHERE said.unit_id = alerts.unit_id AND said.life = alerts.life
        AND said.predicted_at >= alerts.reading_at
    ORDER BY said.predicted_at LIMIT 1
)
LEFT JOIN predictors ON predictors.id = predictions.predictor_id
WHERE {where} AND alerts.level IN ('warning', 'alarm')
    AND alerts.reading_at BETWEEN :since AND :until
    AND (lives.id IS NULL OR alerts.reading_at <= lives.ended_at)
ORDER BY alerts.reading_at DESC, alerts.id DESC LIMIT :most
"""

_SPANS = """
SELECT machine_id, (
    SELECT MIN(predicted_at) FROM predictions AS said WHERE said.unit_id = span.unit_id
        AND said.life = span.life AND predicted_at BETWEEN span.began_at AND span.ended_at
), (
    SELECT MAX(predicted_at) FROM predictions AS said WHERE said.unit_id = span.unit_id
        AND said.life = span.life AND predicted_at BETWEEN span.began_at AND span.ended_at
) FROM (
    SELECT machine_id, unit_id, life, began_at, ended_at FROM lives
    WHERE {lives} AND ended_at >= :since AND began_at <= :until
    UNION ALL
    SELECT machine_id, id, life, began_at, predicted_at FROM units
    WHERE {units} AND predicted_at >= :since AND began_at <= :until
) AS span
"""
