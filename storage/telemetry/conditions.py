"""Keeping what a job has found out about units: conditions, predictions, levels and alerts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from storage.database import each_row, execute, execute_each
from storage.telemetry import alerts, units
from storage.telemetry.alerts import AlertChange
from storage.telemetry.unit_state import NewState, PassedOver

#: How the reasons of a prediction were found (Lundberg et al., arXiv 1802.03888).
METHOD = "treeshap"


def keep(
    machine_id: str, predictor_id: int, version: int, states: Sequence[NewState]
) -> list[AlertChange]:
    """Write the states of units; call inside the transaction that completes the job.

    A unit that has changed meanwhile keeps its row: its readings wait still.

    Args:
        machine_id: The machine.
        predictor_id: The predictor's row.
        version: Its version.
        states: What was found out.

    Returns:
        The alerts that were raised or cleared.
    """
    units.hold(machine_id)
    ids = json.dumps([[state.unit_id] for state in states])
    found = {row[0]: row[1:] for row in execute(_FOUND.format(rows=each_row(1)), rows=ids)}
    current = [
        state
        for state in states
        if found.get(state.unit_id) == (state.life, state.condition_was, state.basis_was)
    ]
    execute_each(_UPDATE, [_row(state, version) for state in current])
    _add_predictions(machine_id, predictor_id, current)
    if current:
        # A predictor that an older version has trained does not have it.
        execute(_BASIS, id=predictor_id, basis=current[0].condition_basis)
    return alerts.follow(machine_id, [s for s in current if s.level != s.level_was])


def drop(passed_over: Sequence[PassedOver]) -> None:
    """Let the conditions of units begin anew; call inside a transaction."""
    execute_each(_DROP, [unit._asdict() for unit in passed_over])


def forget(machine_id: str, unit: str | None) -> int:
    """Let the next prediction compute conditions from all readings; call inside a transaction.

    Args:
        machine_id: The machine.
        unit: One unit; None: all of them.

    Returns:
        How many units have a condition.
    """
    units.hold(machine_id)
    one = "" if unit is None else "AND unit = :unit"
    given = {} if unit is None else {"unit": unit}
    return len(execute(_FORGET.format(one=one), machine=machine_id, **given))


def _row(state: NewState, version: int) -> dict[str, Any]:
    return {
        "id": state.unit_id,
        "condition_at": state.condition_at,
        "condition": state.condition,
        "basis": state.condition_basis,
        "latest": state.latest,
        "version": version,
        "level": state.level.value,
        "calm_since": state.calm_since,
        "rul_hours": state.rul_hours,
        "kept": state.kept is not None,
    }


def _add_predictions(machine_id: str, predictor_id: int, states: Sequence[NewState]) -> None:
    kept = [(state, state.kept) for state in states if state.kept is not None]
    execute_each(
        _ADD,
        [
            vars(said)
            | {
                "machine": machine_id,
                "unit": state.unit_id,
                "life": state.life,
                "predictor": predictor_id,
                "level": state.level.value,
                "at": state.condition_at,
            }
            for state, said in kept
        ],
    )
    execute_each(
        _EXPLAIN,
        [
            {
                "machine": machine_id,
                "unit": state.unit_id,
                "at": state.condition_at,
                "method": METHOD,
                "content": said.explanation,
            }
            for state, said in kept
        ],
    )


_FOUND = """
SELECT id, life, condition_at, condition_basis FROM units
JOIN {rows} ON units.id = CAST(c0 AS BIGINT)
"""

_UPDATE = """
UPDATE units SET condition_at = :condition_at, condition = :condition, condition_basis = :basis,
    latest = :latest, predicted_at = :condition_at, predictor_version = :version,
    level_since = CASE WHEN level = :level THEN level_since ELSE :condition_at END,
    level = :level, calm_since = :calm_since, rul_hours = :rul_hours,
    kept_at = CASE WHEN :kept THEN :condition_at ELSE kept_at END
WHERE id = :id
"""

_DROP = """
UPDATE units SET condition = NULL, condition_basis = NULL, condition_at = :until
WHERE id = :unit_id AND life = :life AND condition_at <= :until
"""

# No predictor has this basis, so the figures are outdated.
_FORGET = """
UPDATE units SET condition_basis = 'none' WHERE machine_id = :machine AND condition_at > 0 {one}
RETURNING id
"""

_BASIS = """
UPDATE predictors SET condition_basis = :basis WHERE id = :id AND condition_basis IS NULL
"""

_ADD = """
INSERT INTO predictions (machine_id, unit_id, life, predictor_id, level, failure_class,
    probability, probability_24h, probabilities, rul_hours, rul_low_hours, rul_high_hours,
    anomaly_score, anomaly_limit, strangeness, health, predicted_at, created_at)
VALUES (:machine, :unit, :life, :predictor, :level, :failure_class,
    :probability, :probability_24h, :probabilities, :rul_hours, :rul_low_hours, :rul_high_hours,
    :anomaly_score, :anomaly_limit, :strangeness, :health, :at, {now})
ON CONFLICT (unit_id, predicted_at) DO NOTHING
"""

_EXPLAIN = """
INSERT INTO explanations (machine_id, prediction_id, method, content, created_at)
SELECT :machine, id, :method, :content, {now} FROM predictions
WHERE unit_id = :unit AND predicted_at = :at
ON CONFLICT (prediction_id) DO NOTHING
"""
