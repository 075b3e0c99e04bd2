"""SyntheticDataReady, AssessmentRequested → MachineOnboarded: the sets are good enough."""

from __future__ import annotations

from actors.stage import Job, stage
from events.vocabulary import (
    AssessmentRequested,
    MachineOnboarded,
    StageFailed,
    SyntheticDataReady,
)
from GAN import layout
from GAN.manager import GANManager, QualityResult


@stage(queue="default", channel="gan:quality")
def assess_quality(
    event: SyntheticDataReady | AssessmentRequested, job: Job
) -> MachineOnboarded | StageFailed:
    """Judge the sets, write the report, and decide how the chain goes on."""
    model_key = event.model_key or job.newest(
        layout.model_prefix(job.machine_id), layout.MODEL_SUFFIX
    )
    quality = GANManager(job.workspace).assess(
        job.profile,
        seed_path=job.input(layout.seed_key(job.machine_id)),
        unfailed_path=job.input_if_kept(layout.unfailed_key(job.machine_id)),
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
) -> MachineOnboarded | StageFailed:
    """Accept the sets, or give up: lives do not get better by a longer training."""
    if quality.passed:
        return MachineOnboarded(
            machine_id=event.machine_id,
            **event.plan(),
            quality_score=quality.quality_score,
            model_key=model_key,
            report_key=layout.report_key(event.machine_id),
        )
    return StageFailed(
        machine_id=event.machine_id,
        stage="assess_quality",
        reason=f"not good enough: {'; '.join(quality.reasons)}",
        job_id=job_id,
        quality_score=quality.quality_score,
        model_key=model_key,
    )
