"""SyntheticDataReady, AssessmentRequested → MachineOnboarded, or RetrainRequested."""

from __future__ import annotations

from actors.stage import Job, stage
from events.vocabulary import (
    AssessmentRequested,
    MachineOnboarded,
    RetrainRequested,
    StageFailed,
    SyntheticDataReady,
)
from GAN import layout
from GAN.config.limits import MAX_EPOCHS
from GAN.config.tvae_config import MAX_RETRAININGS, retrain_epochs
from GAN.manager import GANManager, QualityResult


@stage(queue="default", channel="gan:quality")
def assess_quality(
    event: SyntheticDataReady | AssessmentRequested, job: Job
) -> MachineOnboarded | RetrainRequested | StageFailed:
    """Judge the sets, write the report, and decide how the chain goes on."""
    model_key = event.model_key or job.newest(
        layout.model_prefix(job.machine_id), layout.MODEL_SUFFIX
    )
    quality = GANManager(job.workspace).assess(
        job.profile,
        seed_path=job.input(layout.seed_key(job.machine_id)),
        split_paths={
            split: job.input(layout.split_key(job.machine_id, split)) for split in layout.SPLITS
        },
        model_path=job.input(model_key),
        progress=job.progress,
    )
    return decide(event, model_key, job.id, quality)


def decide(
    event: SyntheticDataReady | AssessmentRequested,
    model_key: str,
    job_id: int,
    quality: QualityResult,
) -> MachineOnboarded | RetrainRequested | StageFailed:
    """Accept the sets, train again with more epochs, or give up.

    The stage gives up after `MAX_RETRAININGS`, and at `MAX_EPOCHS`: the same training again would
    give the same model.
    """
    reason = "; ".join(quality.reasons)
    if quality.passed:
        return MachineOnboarded(
            machine_id=event.machine_id,
            **event.plan(),
            quality_score=quality.quality_score,
            model_key=model_key,
            report_key=layout.report_key(event.machine_id),
        )
    if event.retraining < MAX_RETRAININGS and event.epochs < MAX_EPOCHS:
        return RetrainRequested(
            machine_id=event.machine_id,
            **event.plan(epochs=retrain_epochs(event.epochs), retraining=event.retraining + 1),
            quality_score=quality.quality_score,
            model_key=model_key,
            reason=reason,
        )
    return StageFailed(
        machine_id=event.machine_id,
        stage="assess_quality",
        reason=f"still not good enough after {event.retraining} retrainings: {reason}",
        job_id=job_id,
        quality_score=quality.quality_score,
        model_key=model_key,
    )
