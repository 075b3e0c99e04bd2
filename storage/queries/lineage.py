"""Lineage: the jobs of a chain's run, the event that a job published, the newest model."""

from __future__ import annotations

from dataclasses import dataclass, replace

from storage.database import execute, reading
from storage.ledger.chain_status import ONBOARDING
from storage.queries.events import EventRow, events_where
from storage.queries.jobs import SHOWN_STATUS
from storage.status import JobStatus


@dataclass(frozen=True, slots=True)
class Step:
    """A job of a run and the event that it reacts to; times in ms since 1970."""

    event_id: int
    event_type: str
    task_id: int
    stage: str
    status: JobStatus
    progress: int
    created_at: int
    started_at: int | None
    completed_at: int | None


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model version."""

    version: int
    key: str
    sha256: str
    epochs: int
    final_loss: float
    status: str
    created_at: int


def steps(machine_id: str, limit: int = 100) -> list[Step]:
    """The jobs of the newest run of a machine's onboarding, oldest first.

    Args:
        machine_id: The machine.
        limit: Maximum number of jobs; the newest ones are returned.
    """
    with reading():
        rows = execute(_STEPS, machine=machine_id, chain=ONBOARDING, most=limit)
    return [
        replace(step, status=JobStatus(step.status))
        for step in (Step(*row) for row in reversed(rows))
    ]


def correlation_of(machine_id: str, chain: str = ONBOARDING) -> str | None:
    """The correlation id of the newest run of a machine's chain; None before its first."""
    with reading():
        rows = execute(_CORRELATION, machine=machine_id, chain=chain)
    return rows[0][0] if rows else None


def outcome(job_id: int) -> EventRow | None:
    """The event that a job ended with; None if it has not ended, or was cancelled."""
    found = events_where(_OUTCOME, job=job_id)
    return found[0] if found else None


def newest_model(machine_id: str) -> ModelRow | None:
    """A machine's newest model version; None before its first."""
    with reading():
        rows = execute(_NEWEST_MODEL, machine=machine_id)
    return ModelRow(*rows[0]) if rows else None


_STEPS = f"""
SELECT events.id, events.type, jobs.id, jobs.stage, {SHOWN_STATUS},
    jobs.progress, jobs.created_at, jobs.started_at, jobs.completed_at
FROM chain_status
JOIN jobs ON jobs.machine_id = chain_status.machine_id AND jobs.chain = chain_status.chain
JOIN events ON events.id = jobs.event_id
WHERE chain_status.machine_id = :machine AND chain_status.chain = :chain
    AND events.correlation_id = (
        SELECT correlation_id FROM events AS beginning WHERE beginning.id = chain_status.event_id
    )
ORDER BY jobs.id DESC LIMIT :most
"""

_CORRELATION = """
SELECT events.correlation_id FROM chain_status JOIN events ON events.id = chain_status.event_id
WHERE chain_status.machine_id = :machine AND chain_status.chain = :chain
"""

# A job that was retried may have been cancelled after the event of its first end.
_OUTCOME = """
WHERE job_id = :job
    AND EXISTS (SELECT 1 FROM jobs WHERE id = :job AND status IN ('success', 'failed'))
ORDER BY id DESC LIMIT 1
"""

_NEWEST_MODEL = """
SELECT version, model_path, sha256, epochs, final_loss, status, created_at
FROM model_versions WHERE machine_id = :machine
ORDER BY version DESC LIMIT 1
"""
