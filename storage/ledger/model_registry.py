"""Versions of trained models and the verdicts on them."""

from __future__ import annotations

from dataclasses import dataclass

from peewee import fn

from storage.database import now_ms
from storage.tables import Artifact, ModelVersion, TrainingJob


@dataclass(frozen=True)
class TrainedModel:
    """A model that a job has trained.

    Attributes:
        key: Key of its file, which is in the ledger.
        seconds: Duration of the training.
        final_loss: Mean loss of the last epoch.
    """

    key: str
    epochs: int
    num_features: int
    final_loss: float
    seconds: float


@dataclass(frozen=True)
class Verdict:
    """The assessment of a model.

    Attributes:
        model_key: Key of the model's file; the newest version under this key was assessed.
        quality_score: 0 to 1.
    """

    model_key: str | None
    quality_score: float
    accepted: bool


def record_model(machine_id: str, model: TrainedModel) -> None:
    """Add a version of a machine's model; call inside the transaction that adds its file."""
    file = (
        Artifact.select(Artifact.job, Artifact.sha256)
        .where(Artifact.machine == machine_id, Artifact.key == model.key)
        .order_by(Artifact.id.desc())
        .first()
    )
    if file is None:
        return
    report = TrainingJob.get_or_none(TrainingJob.task == file.job_id)
    if report is None:
        return
    TrainingJob.update(
        epochs=model.epochs, training_time_seconds=model.seconds, model_path=model.key
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
        model_path=model.key,
        sha256=file.sha256,
        epochs=model.epochs,
        num_features=model.num_features,
        final_loss=model.final_loss,
        status="candidate",
        created_at=now_ms(),
    ).execute()


def record_verdict(machine_id: str, verdict: Verdict) -> None:
    """Record a verdict with the model, its training and all files made since that training."""
    model = (
        ModelVersion.select()
        .where(ModelVersion.machine == machine_id, ModelVersion.model_path == verdict.model_key)
        .order_by(ModelVersion.version.desc())
        .first()
    )
    if model is None:
        return
    status = "accepted" if verdict.accepted else "rejected"
    ModelVersion.update(status=status, quality_score=verdict.quality_score).where(
        ModelVersion.id == model.id
    ).execute()
    TrainingJob.update(quality_score=verdict.quality_score).where(
        TrainingJob.id == model.training_job_id
    ).execute()
    made_since = Artifact.select(fn.MIN(Artifact.id)).where(
        Artifact.job
        == TrainingJob.select(TrainingJob.task).where(TrainingJob.id == model.training_job_id)
    )
    Artifact.update(verdict=status).where(
        Artifact.machine == machine_id, Artifact.id >= made_since
    ).execute()
