"""Predictions that were kept, with their explanations."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from storage.database import execute, reading

#: Predictions of one batch of `each_batch`.
BATCH_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class PredictionRow:
    """A prediction of a unit; times are milliseconds since 1970.

    Attributes:
        predictor_version: The version that made it; None once that version is removed.
        failure_class: The most likely failure mode.
        probability: Its probability within the planning horizon.
        probabilities: Probability by failure mode, and of `healthy`.
        anomaly_score: Novelty; above `anomaly_limit` it is an alarm.
        predicted_at: Time of the reading that it was made at.
        explanation: Sentence, usual hours, reasons and similar lives.
    """

    id: int
    life: int
    predictor_version: int | None
    level: str
    failure_class: str | None
    probability: float | None
    probability_24h: float | None
    probabilities: dict[str, float]
    rul_hours: float | None
    rul_low_hours: float | None
    rul_high_hours: float | None
    anomaly_score: float | None
    anomaly_limit: float | None
    strangeness: float | None
    health: float | None
    predicted_at: int
    created_at: int
    explanation: dict[str, Any]


def predictions(
    machine_id: str,
    unit: str,
    *,
    since: int | None = None,
    until: int | None = None,
    before: int | None = None,
    limit: int,
) -> list[PredictionRow]:
    """The kept predictions of a unit, the newest reading first.

    Args:
        machine_id: The machine.
        unit: The unit.
        since: Only those at or after this time.
        until: Only those at or before this time.
        before: Only those before this time: that of the last one of the previous page.
        limit: Maximum number of predictions.
    """
    given = {"since": since, "until": until, "before": before}
    return _rows(machine_id, unit, given, _NEWEST_FIRST, limit)


def each_batch(
    machine_id: str, unit: str, *, since: int | None = None, until: int | None = None
) -> Iterator[list[PredictionRow]]:
    """All kept predictions of a unit, the oldest reading first, a batch at a time.

    Args:
        machine_id: The machine.
        unit: The unit.
        since: Only those at or after this time.
        until: Only those at or before this time.
    """
    after = None
    while True:
        given = {"since": since, "until": until, "after": after}
        found = _rows(machine_id, unit, given, _OLDEST_FIRST, BATCH_ROWS)
        if found:
            yield found
        if len(found) < BATCH_ROWS:
            return
        after = found[-1].predicted_at


def _rows(
    machine_id: str, unit: str, given: Mapping[str, int | None], order: str, limit: int
) -> list[PredictionRow]:
    asked = {name: value for name, value in given.items() if value is not None}
    conditions = "".join(f" AND {_CONDITIONS[name]}" for name in asked)
    with reading():
        rows = execute(
            f"{_SELECT}{conditions} {order}", machine=machine_id, unit=unit, most=limit, **asked
        )
    return [
        replace(
            row,
            probabilities=json.loads(str(row.probabilities)),
            explanation=json.loads(str(row.explanation)),
        )
        for row in (PredictionRow(*cells) for cells in rows)
    ]


_SELECT = """
SELECT predictions.id, predictions.life, predictors.version, predictions.level, failure_class,
    probability, probability_24h, COALESCE(probabilities, '{{}}'), predictions.rul_hours,
    rul_low_hours, rul_high_hours, anomaly_score, anomaly_limit, strangeness, health,
    predictions.predicted_at, predictions.created_at, COALESCE(explanations.content, '{{}}')
FROM units JOIN predictions ON predictions.unit_id = units.id
LEFT JOIN predictors ON predictors.id = predictions.predictor_id
LEFT JOIN explanations ON explanations.prediction_id = predictions.id
WHERE units.machine_id = :machine AND units.unit = :unit
"""

_CONDITIONS = {
    "since": "predictions.predicted_at >= :since",
    "until": "predictions.predicted_at <= :until",
    "before": "predictions.predicted_at < :before",
    "after": "predictions.predicted_at > :after",
}

_NEWEST_FIRST = "ORDER BY predictions.predicted_at DESC LIMIT :most"
_OLDEST_FIRST = "ORDER BY predictions.predicted_at LIMIT :most"
