"""RunDataSubmitted → SeedReady: real run-to-failure data as the seed."""

from __future__ import annotations

from actors.stage import Job, stage
from errors import NotFound, StageError
from events.vocabulary import RunDataSubmitted, SeedReady
from GAN import layout
from GAN.importing.columns import RunColumns
from GAN.manager import GANManager


@stage(queue="default", channel="gan:seed")
def import_seed(event: RunDataSubmitted, job: Job) -> SeedReady:
    """Write the seed and the metadata that describes it."""
    try:
        file = job.store.fetch(event.file_key, event.file_sha256)
    except NotFound as error:
        raise StageError(f"{error}; import the data again: fleetforge seed import") from None
    seed = GANManager(job.workspace).import_seed(
        job.profile,
        file,
        RunColumns(event.roles, event.sensors),
        failure_mode=event.failure_mode,
        physics_share=event.physics_share,
        seed=event.seed,
        progress=job.progress,
    )
    return SeedReady(
        machine_id=job.machine_id,
        **event.plan(),
        seed_key=layout.seed_key(job.machine_id),
        units=seed.units,
        num_features=seed.num_features,
    )
