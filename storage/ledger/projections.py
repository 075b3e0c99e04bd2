"""The tables that users' reports read, kept in step with events and jobs.

Each function runs inside the transaction that changes what it follows, so a report never shows
what did not happen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from storage.database import execute
from storage.ledger.model_registry import VERDICTS, _model_judged, _model_trained

#: The stage whose jobs `gan_training_jobs` follows.
TRAINING_STAGE = "train_tvae"


def job_created(job_id: int, stage: str, machine_id: str, payload: Mapping[str, Any]) -> None:
    """Open a training report for a training job."""
    if stage == TRAINING_STAGE:
        execute(_OPEN_REPORT, job=job_id, machine=machine_id, epochs=payload.get("epochs"))


def job_changed(job_id: int, stage: str) -> None:
    """Let the training report follow its job; nothing to do for jobs of other stages."""
    if stage == TRAINING_STAGE:
        execute(_FOLLOW_JOB, job=job_id)


def event_written(event_type: str, machine_id: str, payload: Mapping[str, Any]) -> None:
    """Record a trained model, or the verdict on it."""
    if event_type == "ModelTrained" and payload.get("training_time_seconds") is not None:
        _model_trained(machine_id, payload)
    elif event_type in VERDICTS and payload.get("quality_score") is not None:
        _model_judged(machine_id, VERDICTS[event_type], payload)


_OPEN_REPORT = """
INSERT INTO gan_training_jobs (machine_id, task_id, status, epochs, progress, created_at)
VALUES (:machine, :job, 'pending', :epochs, 0, {now})
"""

_FOLLOW_JOB = """
UPDATE gan_training_jobs
SET (status, progress, error_message, started_at, completed_at) = (
    SELECT CASE status WHEN 'cancelled' THEN 'failed' ELSE status END,
        progress, error_message, started_at, completed_at
    FROM jobs WHERE jobs.id = :job
)
WHERE task_id = :job
"""
