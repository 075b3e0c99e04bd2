"""What came of what: a chain's jobs, a job's event, a machine's newest model."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from storage import standing
from storage.database import reading
from storage.tables import Event, Job, ModelVersion
from storage.workers import shown_status


def steps(machine_id: str, limit: int = 100) -> list[dict[str, Any]]:
    """The jobs of a machine's newest chain with the events they react to, oldest first.

    Args:
        machine_id: The machine.
        limit: The newest so many at most.
    """
    rows: Any = (
        Job.select(
            Event.id.alias("event_id"),
            Event.type.alias("event_type"),
            Job.id.alias("task_id"),
            Job.stage,
            shown_status(Job).alias("status"),
            Job.progress,
            Job.created_at,
            Job.started_at,
            Job.completed_at,
        )
        .join(Event)
        .where(
            Job.machine == machine_id,
            Event.correlation_id == standing.correlation_of(machine_id),
        )
        .order_by(Job.id.desc())
        .limit(limit)
    )
    with reading():
        return list(rows.dicts())[::-1]


def outcome(job: Mapping[str, Any], event_types: Collection[str]) -> dict[str, Any] | None:
    """The event that a job ended with; None if it published none.

    Args:
        job: As `standing.job` gives it.
        event_types: What its stage publishes.
    """
    rows = (
        Event.select()
        .where(
            Event.machine == job["machine_id"],
            Event.causation_id == job["event_id"],
            Event.type.in_(list(event_types)),
        )
        .order_by(Event.id.desc())
    )
    with reading():
        row = rows.dicts().first()
    return standing.as_event(row) if row else None


def newest_model(machine_id: str) -> dict[str, Any] | None:
    """A machine's newest model version; None before its first."""
    rows = (
        ModelVersion.select(ModelVersion, ModelVersion.model_path.alias("key"))
        .where(ModelVersion.machine == machine_id)
        .order_by(ModelVersion.version.desc())
    )
    with reading():
        found: dict[str, Any] | None = rows.dicts().first()
    return found
