"""Versions of trained models and the verdicts on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from peewee import fn

from storage.database import now_ms
from storage.tables import Artifact, ModelVersion, TrainingJob

#: Events that carry a verdict on the newest model: accepted or not.
VERDICTS = {
    "MachineOnboarded": "accepted",
    "RetrainRequested": "rejected",
    "StageFailed": "rejected",
}


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
