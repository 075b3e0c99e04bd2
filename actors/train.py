"""SeedReady, TrainingRequested, RetrainRequested → ModelTrained: a TVAE trained on the seed."""

from __future__ import annotations

from actors.stage import Job, stage
from events.vocabulary import ModelTrained, RetrainRequested, SeedReady, TrainingRequested
from GAN import layout
from GAN.manager import GANManager


@stage(queue="train", channel="gan:training")
def train_tvae(event: SeedReady | TrainingRequested | RetrainRequested, job: Job) -> ModelTrained:
    """Train for the event's epochs; models with different epochs are kept side by side."""
    model = GANManager(job.workspace).train(
        job.profile,
        seed_path=job.input(layout.seed_key(job.machine_id)),
        unfailed_path=job.input_if_kept(layout.unfailed_key(job.machine_id)),
        epochs=event.epochs,
        seed=event.seed,
        progress=job.progress,
    )
    return ModelTrained(
        machine_id=job.machine_id,
        **event.plan(),
        model_key=layout.model_key(job.machine_id, event.epochs),
        final_loss=model.final_loss,
        loss_history=tuple(model.loss_history),
        training_time_seconds=model.training_time_seconds,
        num_features=model.num_features,
        device=model.device,
    )
