"""The tables that users' reports read, kept in step with events and jobs.

Each function runs inside the transaction that changes what it follows, so a report never shows
what did not happen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from peewee import fn

from storage.database import execute, now_ms
from storage.tables import Artifact, ModelVersion, TrainingJob

#: The stage whose jobs `gan_training_jobs` follows.
TRAINING_STAGE = "train_tvae"

#: Events that carry a verdict on the newest model: accepted or not.
VERDICTS = {
    "MachineOnboarded": "accepted",
    "RetrainRequested": "rejected",
    "StageFailed": "rejected",
}


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


def _model_trained(machine_id: str, payload: Mapping[str, Any]) -> None:
    task = (
        Artifact.select(Artifact.job, Artifact.sha256)
        .where(Artifact.machine == machine_id, Artifact.key == payload["model_key"])
        .order_by(Artifact.id.desc())
        .first()
    )
    if task is None:
        return
    report = TrainingJob.get_or_none(TrainingJob.task == task.job_id)
    if report is None:
        return
    TrainingJob.update(
        epochs=payload["epochs"],
        training_time_seconds=payload["training_time_seconds"],
        model_path=payload["model_key"],
    ).where(TrainingJob.id == report.id).execute()
    newest = (
        ModelVersion.select(fn.MAX(ModelVersion.version))
        .where(ModelVersion.machine == machine_id)
        .scalar()
    )
    ModelVersion.insert(
        machine=machine_id,
        training_job=report.id,
        version=(newest or 0) + 1,
        model_path=payload["model_key"],
        sha256=task.sha256,
        epochs=payload["epochs"],
        num_features=payload["num_features"],
        final_loss=payload["final_loss"],
        status="candidate",
        created_at=now_ms(),
    ).execute()


def _model_judged(machine_id: str, verdict: str, payload: Mapping[str, Any]) -> None:
    """The verdict goes to the newest model under the key that was assessed."""
    quality_score = payload["quality_score"]
    model = (
        ModelVersion.select()
        .where(
            ModelVersion.machine == machine_id,
            ModelVersion.model_path == payload.get("model_key"),
        )
        .order_by(ModelVersion.version.desc())
        .first()
    )
    if model is None:
        return
    ModelVersion.update(status=verdict, quality_score=quality_score).where(
        ModelVersion.id == model.id
    ).execute()
    TrainingJob.update(quality_score=quality_score).where(
        TrainingJob.id == model.training_job_id
    ).execute()
    made_since = Artifact.select(fn.MIN(Artifact.id)).where(
        Artifact.job
        == TrainingJob.select(TrainingJob.task).where(TrainingJob.id == model.training_job_id)
    )
    Artifact.update(verdict=verdict).where(
        Artifact.machine == machine_id, Artifact.id >= made_since
    ).execute()


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
