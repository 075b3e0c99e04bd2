"""What came of what: a chain's jobs, a job's event, a machine's newest model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from storage.database import execute, reading
from storage.queries import events
from storage.queries.jobs import SHOWN_STATUS


def steps(machine_id: str, limit: int = 100) -> list[dict[str, Any]]:
    """The jobs of a machine's newest chain with the events they react to, oldest first.

    Args:
        machine_id: The machine.
        limit: The newest so many at most.
    """
    chain = events.correlation_of(machine_id)
    with reading():
        rows = execute(_STEPS, machine=machine_id, chain=chain, most=limit)
    return [dict(zip(_STEP_FIELDS, row, strict=True)) for row in reversed(rows)]


def outcome(job: Mapping[str, Any], event_types: Sequence[str]) -> dict[str, Any] | None:
    """The event that a job ended with; None if it published none.

    Args:
        job: As `standing.job` gives it.
        event_types: What its stage publishes.
    """
    with reading():
        rows = execute(_CAUSED, machine=job["machine_id"], cause=job["event_id"])
    ids = [event_id for event_id, event_type in rows if event_type in event_types]
    return events.event(ids[0]) if ids else None


def newest_model(machine_id: str) -> dict[str, Any] | None:
    """A machine's newest model version; None before its first."""
    with reading():
        rows = execute(_NEWEST_MODEL, machine=machine_id)
    return dict(zip(_MODEL_FIELDS, rows[0], strict=True)) if rows else None


_STEP_FIELDS = (
    *("event_id", "event_type", "task_id", "stage", "status"),
    *("progress", "created_at", "started_at", "completed_at"),
)

_STEPS = f"""
SELECT events.id, events.type, jobs.id, jobs.stage, {SHOWN_STATUS},
    jobs.progress, jobs.created_at, jobs.started_at, jobs.completed_at
FROM jobs JOIN events ON events.id = jobs.event_id
WHERE jobs.machine_id = :machine AND events.correlation_id = :chain
ORDER BY jobs.id DESC LIMIT :most
"""

_CAUSED = """
SELECT id, type FROM events
WHERE machine_id = :machine AND causation_id = :cause
ORDER BY id DESC
"""

_MODEL_FIELDS = (
    *("version", "key", "sha256", "epochs", "final_loss"),
    *("quality_score", "status", "created_at"),
)

_NEWEST_MODEL = """
SELECT version, model_path, sha256, epochs, final_loss, quality_score, status, created_at
FROM model_versions WHERE machine_id = :machine
ORDER BY version DESC LIMIT 1
"""
