"""The events: facts about a machine in the past tense, and requests that users make.

A class declares what its events mean for their chain where it is defined: `effect` and `chain`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from events.plan import Frozen, PhysicsShare, Plan, SeedNumber
from storage.ledger.chain_status import ONBOARDING
from storage.ledger.event_log import Effect
from storage.ledger.model_registry import TrainedModel, Verdict
from storage.ledger.predictor_registry import PREDICTOR_CHAIN, TrainedPredictor


class Request(Frozen):
    """A request of a user. It begins a run of its chain at the stage that reacts to it."""

    effect: ClassVar[Effect] = Effect.BEGINS


#: Every event type by its name; defining a class adds it.
EVENT_TYPES: dict[str, type[Event]] = {}


class Event(Frozen):
    """Something that happened to one machine.

    Attributes:
        chain: The chain that the event belongs to. An event that a job publishes belongs to the
            chain of its job, and a stage to the chain of the events that it publishes.
        effect: What the event means for that chain.
    """

    chain: ClassVar[str] = ONBOARDING
    effect: ClassVar[Effect] = Effect.CONTINUES

    machine_id: str

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Add the type to `EVENT_TYPES`."""
        super().__pydantic_init_subclass__(**kwargs)
        if issubclass(cls, Request) and cls.effect is not Effect.BEGINS:
            raise TypeError(f"{cls.__name__}: name Request before Event among its bases")
        EVENT_TYPES[cls.__name__] = cls

    @property
    def type(self) -> str:
        """The event's name, as stored and shown."""
        return type(self).__name__

    def payload(self) -> dict[str, Any]:
        """The event's fields without the machine's id."""
        return self.model_dump(mode="json", exclude={"machine_id"})

    def trained_model(self) -> TrainedModel | None:
        """The model whose training the event reports; None for other events."""
        return None

    def verdict(self) -> Verdict | None:
        """The verdict on a model that the event reports; None for other events."""
        return None

    def trained_predictor(self) -> TrainedPredictor | None:
        """The predictor whose training the event reports; None for other events."""
        return None


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
    quality_score: float | None = None
    model_key: str | None = None

    def _verdict(self, *, accepted: bool) -> Verdict | None:
        if self.quality_score is None:
            return None
        return Verdict(self.model_key, self.quality_score, accepted)


class RetrainRequested(_Judged, Event, Plan):
    """The synthetic sets were assessed as too poor: train again, with more epochs."""

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


class PredictorRequested(Request, Event):
    """Train a predictor of the machine's failures.

    Attributes:
        seed: Random seed of the fresh simulated lives and of the training.
    """

    chain: ClassVar[str] = PREDICTOR_CHAIN

    seed: SeedNumber = 0


class PredictorTrained(Event):
    """A predictor of the machine's failures was trained and evaluated.

    Attributes:
        predictor_key: Key of its file.
        learnt_from: The lives that were chosen to learn from.
        units: Number of these lives.
        scores: Metrics on units that it has not seen, by name.
        no_forecast: Why it gives no RUL; None if it does.
    """

    chain: ClassVar[str] = PREDICTOR_CHAIN
    effect: ClassVar[Effect] = Effect.ENDS

    predictor_key: str
    version: int
    learnt_from: str
    units: int
    scores: dict[str, float]
    training_time_seconds: float
    no_forecast: str | None = None

    def trained_predictor(self) -> TrainedPredictor:
        """The predictor."""
        return TrainedPredictor(
            key=self.predictor_key,
            version=self.version,
            learnt_from=self.learnt_from,
            units=self.units,
            scores=self.scores,
            seconds=self.training_time_seconds,
            no_forecast=self.no_forecast,
        )


class PredictorChosen(Event):
    """A user chose the version that predicts."""

    chain: ClassVar[str] = PREDICTOR_CHAIN
    effect: ClassVar[Effect] = Effect.NOTICE

    version: int


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


def read_event(event_type: str, machine_id: str, payload: dict[str, Any]) -> Event:
    """The event that a ledger row holds."""
    return EVENT_TYPES[event_type](machine_id=machine_id, **payload)
