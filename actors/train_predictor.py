"""MachineOnboarded, PredictorRequested, LivesLabelled → PredictorTrained: a predictor."""

from __future__ import annotations

from actors.stage import Job, stage
from events.predictors import keep_predictor, take_learnable
from events.vocabulary import (
    LivesLabelled,
    MachineOnboarded,
    PredictorRequested,
    PredictorTrained,
)
from GAN import layout
from GAN.manager import GANManager
from storage.ledger.predictor_registry import PredictorFacts
from storage.telemetry.labels import Learnable


@stage(queue="predictor", channel="gan:predictor", takes=take_learnable, keeps=keep_predictor)
def train_predictor(
    event: MachineOnboarded | PredictorRequested | LivesLabelled, job: Job
) -> PredictorTrained:
    """Train the next version; versions are kept side by side."""
    from GAN.prognosis.lives_in_service import LifeInService

    learnable: Learnable = job.taken
    live = learnable.live_key
    version = max(layout.predictor_versions(job.machine_id, job.files), default=0) + 1
    trained = GANManager(job.workspace).train_predictor(
        job.profile,
        version=version,
        seed=event.seed,
        seed_path=job.input(layout.seed_key(job.machine_id)),
        unfailed_path=job.input_if_kept(layout.unfailed_key(job.machine_id)),
        split_paths={
            split: job.input(layout.split_key(job.machine_id, split)) for split in layout.SPLITS
        },
        lives_in_service=[
            LifeInService(job.input(life.key), life.labelled, life.unseen)
            for life in learnable.lives
            if life.key in job.files
        ],
        live_path=job.input(live) if live is not None and live in job.files else None,
        progress=job.progress,
    )
    job.keep(PredictorFacts(trained.condition_basis, trained.prior))
    return PredictorTrained(
        machine_id=job.machine_id,
        predictor_key=layout.predictor_key(job.machine_id, version),
        version=version,
        learnt_from=trained.learnt_from,
        units=trained.units,
        scores=dict(trained.scores),
        training_time_seconds=trained.training_time_seconds,
        no_forecast=trained.no_forecast,
        against=trained.against,
    )
