"""Units: what is known of each, the most urgent first."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from errors import NotFound
from storage.database import execute, reading
from storage.status import UnitLevel
from storage.telemetry.units import CONDITION_CHAIN

#: Sorted behind every RUL, hours.
NO_RUL = 1e12

MS_PER_HOUR = 3_600_000

#: The place of a unit in the list: urgency, RUL in hours, machine and unit.
Place = tuple[int, float, str, str]


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A unit and its newest prediction; times are milliseconds since 1970.

    Attributes:
        unit: Empty for a machine without units.
        life: 1, 2, …; 0 without a unit.
        seen_at: Time of the newest reading.
        received_at: When the newest readings came, by the ledger's clock.
        level: `NO_FORECAST` also if the newest readings came too long ago.
        why: Why there is no forecast; empty if there is one.
        predicted_at: Time of the reading that the prediction was made at.
        prediction: As `GAN.prognosis.prediction.Prediction.as_json` has it; that of a new unit
            before the first reading of its life. Its reasons and outlook are those of the newest
            prediction that was kept, a few minutes of readings before.
        alert_id: Its open alert.
        place: Where it is in a list of units.
    """

    machine_id: str
    machine_type: str
    unit: str
    life: int
    began_at: int | None
    seen_at: int | None
    received_at: int | None
    level: UnitLevel
    level_since: int | None
    why: str
    predicted_at: int | None
    predictor_version: int | None
    prediction: dict[str, Any] | None
    alert_id: int | None
    place: Place


def units(
    *,
    silent_hours: float,
    machine_id: str | None = None,
    level: UnitLevel | None = None,
    after: Place | None = None,
    limit: int,
) -> list[UnitRow]:
    """Units, and machines that have a predictor and no unit yet; the most urgent first.

    Args:
        silent_hours: A unit whose newest readings came longer ago has no forecast.
        machine_id: Only units of this machine.
        level: Only units of this level.
        after: The place of the last unit of the previous page.
        limit: Maximum number of units.
    """
    asked: dict[str, Any] = {"silent_ms": round(silent_hours * MS_PER_HOUR), "most": limit}
    conditions = []
    if machine_id is not None:
        conditions.append("machine_id = :machine")
        asked["machine"] = machine_id
    if level is not None:
        conditions.append("level = :level")
        asked["level"] = level.value
    if after is not None:
        conditions.append("(urgency, rul, machine_id, unit) > (:urgency, :rul, :after, :unit)")
        asked |= dict(zip(("urgency", "rul", "after", "unit"), after, strict=True))
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    with reading():
        rows = execute(f"{_PLACES} {where} {_ORDER}", **asked)
    return [_row(row) for row in rows]


def unit(machine_id: str, unit: str, silent_hours: float) -> UnitRow:
    """One unit.

    Raises:
        NotFound: The machine has no such unit.
    """
    asked = {"machine": machine_id, "unit": unit, "most": 1}
    with reading():
        rows = execute(
            f"{_PLACES} WHERE machine_id = :machine AND unit = :unit {_ORDER}",
            silent_ms=round(silent_hours * MS_PER_HOUR),
            **asked,
        )
    if not rows or not unit:
        raise NotFound(f"{machine_id} has no unit '{unit[:60]}'", kind="unit")
    return _row(rows[0])


def _row(cells: tuple[Any, ...]) -> UnitRow:
    (machine_id, machine_type, name, life, began_at, seen_at, received_at, level, since) = cells[:9]
    (predicted_at, version, has_predictor, latest, why, prior, alert_id, now) = cells[9:17]
    failed, urgency, rul = cells[17:]
    shown = UnitLevel(level)
    said = None if (latest or prior) is None else json.loads(latest or prior)
    if why is not None:
        said |= json.loads(why)
    return UnitRow(
        machine_id=machine_id,
        machine_type=machine_type,
        unit=name,
        life=life,
        began_at=began_at,
        seen_at=seen_at or None,
        received_at=received_at,
        level=shown,
        level_since=since,
        why=reason(shown, bool(has_predictor), received_at, now, latest is not None, bool(failed)),
        predicted_at=predicted_at,
        predictor_version=version,
        prediction=said,
        alert_id=alert_id,
        place=(urgency, rul, machine_id, name),
    )


def reason(
    level: UnitLevel,
    has_predictor: bool,
    received_at: int | None,
    now: int,
    predicted: bool,
    failed: bool,
) -> str:
    """Why a unit has no forecast; empty if it has one.

    Args:
        level: As it is shown.
        has_predictor: Whether its machine has a predictor.
        received_at: When its newest readings came, ms.
        now: The database's clock, ms.
        predicted: Whether there is a prediction of this life.
        failed: Whether the last prediction of its machine failed for good.
    """
    if level is not UnitLevel.NO_FORECAST:
        return ""
    if not has_predictor:
        return "no predictor yet"
    if received_at is None:
        return "no readings yet"
    if not predicted:
        return "no readings of this life yet"
    if failed:
        return "the prediction failed; see: fleetforge jobs --status failed"
    hours = (now - received_at) / MS_PER_HOUR
    return f"no readings for {hours:.0f} h" if hours >= 1 else "the predictor gives no forecast"


_URGENCY = " ".join(
    f"WHEN '{level.value}' THEN {place}" for place, level in enumerate(reversed(UnitLevel))
)

#: The chain of a machine's predictions; SQL.
PREDICTING = f"""
LEFT JOIN chain_status AS predicting ON predicting.machine_id = machines.machine_id
    AND predicting.chain = '{CONDITION_CHAIN}'
"""

#: The level of a unit as it is shown; SQL over `units`, the live one of `predictors`, and
#: `PREDICTING`.
SHOWN_LEVEL = """
CASE WHEN predictors.id IS NULL OR units.id IS NULL OR units.received_at < {now} - :silent_ms
    OR predicting.status = 'failed'
    THEN 'no_forecast' ELSE units.level END
"""

# A subquery, so that a condition and the order can name its columns.
_PLACES = f"""
SELECT machine_id, machine_type, unit, life, began_at, seen_at, received_at, level, level_since,
    predicted_at, predictor_version, predictor_id, (
        SELECT latest FROM units WHERE units.id = unit_id
    ), (
        SELECT content FROM predictions
        JOIN explanations ON explanations.prediction_id = predictions.id
        WHERE predictions.unit_id = shown.unit_id AND predictions.predicted_at = shown.kept_at
    ), (
        SELECT prior FROM predictors WHERE predictors.id = predictor_id
    ), (
        SELECT id FROM alerts WHERE alerts.unit_id = shown.unit_id AND cleared_at IS NULL
    ), now_ms, predicting = 'failed', urgency, rul
FROM (SELECT candidates.*, CASE level {_URGENCY} END AS urgency FROM (
    SELECT machines.machine_id, machines.machine_type, units.id AS unit_id,
        predictors.id AS predictor_id, COALESCE(units.unit, '') AS unit,
        COALESCE(units.life, 0) AS life, units.began_at, units.seen_at, units.received_at,
        {SHOWN_LEVEL} AS level, units.level_since, units.predicted_at, units.predictor_version,
        units.kept_at,
        COALESCE(units.rul_hours, {NO_RUL}) AS rul, {{now}} AS now_ms,
        predicting.status AS predicting
    FROM machines LEFT JOIN units ON units.machine_id = machines.machine_id
    LEFT JOIN predictors ON predictors.machine_id = machines.machine_id AND predictors.live
    {PREDICTING}
    WHERE units.id IS NOT NULL OR predictors.id IS NOT NULL
) AS candidates) AS shown
"""

_ORDER = "ORDER BY urgency, rul, machine_id, unit LIMIT :most"
