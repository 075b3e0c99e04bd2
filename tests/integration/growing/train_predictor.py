"""MachineOnboarded → PredictorTrained: a stage behind the onboarding, in another chain."""

from __future__ import annotations

from typing import ClassVar

from actors.stage import Job, stage
from events.vocabulary import Event, MachineOnboarded, Request
from storage.ledger.event_log import Effect


class PredictorTrained(Event):
    """A predictor was trained."""

    chain: ClassVar[str] = "predictor"
    effect: ClassVar[Effect] = Effect.ENDS


class PredictorRequested(Request, Event):
    """Train a predictor; it has no plan."""

    chain: ClassVar[str] = "predictor"


@stage(queue="default", channel="gan:predictor")
def train_predictor(event: MachineOnboarded | PredictorRequested, job: Job) -> PredictorTrained:
    (job.workspace / "predictor.txt").write_text("a predictor")
    job.progress(50, "half way")
    return PredictorTrained(machine_id=job.machine_id)
