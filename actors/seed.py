"""MachineCreated, SeedRequested → SeedReady: simulated run-to-failure data from the profile."""

from __future__ import annotations

from actors.stage import Job, stage
from events.vocabulary import MachineCreated, SeedReady, SeedRequested
from GAN import layout
from GAN.manager import GANManager


@stage(queue="default", channel="gan:seed")
def generate_seed(event: MachineCreated | SeedRequested, job: Job) -> SeedReady:
    """Write the seed and the metadata that describes it."""
    seed = GANManager(job.workspace).create_seed(
        job.profile, rows=event.rows, seed=event.seed, progress=job.progress
    )
    return SeedReady(
        machine_id=job.machine_id,
        **event.plan(),
        seed_key=layout.seed_key(job.machine_id),
        units=seed.units,
        num_features=seed.num_features,
    )
