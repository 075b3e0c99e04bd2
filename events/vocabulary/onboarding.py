"""The events of an onboarding, and those of any chain."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from events.plan import Frozen, PhysicsShare, Plan
from events.vocabulary.base import Event, Request
from storage.ledger.event_log import Effect
from storage.ledger.model_registry import TrainedModel, Verdict


class MachineCreated(Event, Plan):
    """A valid profile was submitted under a new id."""

    effect: ClassVar[Effect] = Effect.BEGINS


class RunDataSubmitted(Event, Plan):
    """Real run-to-failure data of a machine were submitted and found valid.

    Attributes:
        file_key: Key of the submitted file in the store.
        file_sha256: SHA-256 of its bytes.
        roles: Column of the file by role: unit_id, cycle_hour, ...
        sensors: Column of the file by sensor.
        failure_mode: How every unit failed, if no column gives it.
        physics_share: Share of the seed's rows that is simulated.
    """

    effect: ClassVar[Effect] = Effect.BEGINS

    file_key: str
    file_sha256: str
    roles: dict[str, str]
    sensors: dict[str, str]
    failure_mode: str | None = None
    physics_share: PhysicsShare = 0.0


class SeedRequested(Request, Event, Plan):
    """Simulate a seed from the profile, then continue the chain."""


class SeedReady(Event, Plan):
    """The seed file holds run-to-failure data."""

    seed_key: str | None = None
    units: int | None = None
    num_features: int | None = None


class TrainingRequested(Request, Event, Plan):
    """Train a model on the newest seed, then continue the chain."""


class ModelTrained(Event, Plan):
    """A TVAE was trained on the seed.

    Attributes:
        model_key: Key of the pickle; absent in requests of version 0.1, which mean the newest.
        final_loss: Mean loss of the last epoch.
        loss_history: Mean loss of each epoch.
    """

    model_key: str | None = None
    final_loss: float | None = None
    loss_history: tuple[float, ...] = ()
    training_time_seconds: float | None = None
    num_features: int | None = None
    device: str | None = None

    def trained_model(self) -> TrainedModel | None:
        """The model, unless the event is a request of version 0.1, which reports no training."""
        facts = (self.model_key, self.num_features, self.final_loss, self.training_time_seconds)
        match facts:
            case (str(key), int(features), float(loss), float(seconds)):
                return TrainedModel(key, self.epochs, features, loss, seconds)
        return None


class GenerationRequested(Request, Event, Plan):
    """Generate synthetic sets from the newest model, then assess them.

    Attributes:
        model_key: Key of another model; absent: the newest.
    """

    model_key: str | None = None


class SyntheticDataReady(Event, Plan):
    """Train, validation and test sets were generated."""

    model_key: str | None = None
    units: dict[str, int] = Field(default_factory=dict)


class AssessmentRequested(Request, Event, Plan):
    """Assess the newest synthetic sets again.

    Attributes:
        model_key: Key of the model that they come from; absent: the newest.
    """

    model_key: str | None = None


class _Judged(Frozen):
    # It decides nothing, so no payload has it, but for those of earlier versions.
    quality_score: float | None = Field(default=None, exclude=True)
    model_key: str | None = None

    def _verdict(self, *, accepted: bool) -> Verdict | None:
        if self.quality_score is None:
            return None
        return Verdict(self.model_key, self.quality_score, accepted)


class RetrainRequested(_Judged, Event, Plan):
    """The synthetic sets were assessed as too poor: train again, with more epochs.

    Only ledgers of earlier versions have it: lives do not depend on the epochs any more.
    """

    reason: str = "requested by hand"

    def verdict(self) -> Verdict | None:
        """The model was rejected."""
        return self._verdict(accepted=False)


class MachineOnboarded(_Judged, Event, Plan):
    """The synthetic sets were assessed as good enough: the machine's data are finished."""

    effect: ClassVar[Effect] = Effect.ENDS

    report_key: str | None = None

    def verdict(self) -> Verdict | None:
        """The model was accepted."""
        return self._verdict(accepted=True)


class StageFailed(_Judged, Event):
    """A stage ended without a result: out of attempts, quarantined, or never good enough."""

    effect: ClassVar[Effect] = Effect.FAILS

    stage: str
    reason: str
    job_id: int | None = None

    def verdict(self) -> Verdict | None:
        """The model was rejected, if the stage failed by its assessment."""
        return self._verdict(accepted=False)


class StageCancelled(Event):
    """A job was cancelled, by the event's actor.

    Attributes:
        job_id: The job.
    """

    effect: ClassVar[Effect] = Effect.NOTICE

    stage: str
    job_id: int


class StageRetried(Event):
    """A job that failed or was cancelled was started again, by the event's actor.

    Attributes:
        job_id: The job.
    """

    effect: ClassVar[Effect] = Effect.NOTICE

    stage: str
    job_id: int


class StageOverdue(Event):
    """A job takes, or waits, much longer than earlier runs of its stage; the job continues.

    Attributes:
        waited_seconds: How long the job has run, or could have run.
        expected_seconds: Expected time, from earlier runs.
    """

    effect: ClassVar[Effect] = Effect.NOTICE

    stage: str
    job_id: int
    waited_seconds: int
    expected_seconds: int
