"""ModelTrained, GenerationRequested → SyntheticDataReady: synthetic lives, split by unit."""

from __future__ import annotations

from actors.stage import Job, stage
from events.vocabulary import GenerationRequested, ModelTrained, SyntheticDataReady
from GAN import layout
from GAN.manager import GANManager


@stage(queue="default", channel="gan:generation")
def generate_synthetic(event: ModelTrained | GenerationRequested, job: Job) -> SyntheticDataReady:
    """Generate train, validation and test sets from the event's model, or the newest."""
    model_key = event.model_key or job.newest(
        layout.model_prefix(job.machine_id), layout.MODEL_SUFFIX
    )
    sets = GANManager(job.workspace).generate(
        job.profile,
        model_path=job.input(model_key),
        seed_path=job.input(layout.seed_key(job.machine_id)),
        samples=event.samples.model_dump(),
        seed=event.seed,
        progress=job.progress,
    )
    return SyntheticDataReady(
        machine_id=job.machine_id, **event.plan(), model_key=model_key, units=dict(sets.units)
    )
