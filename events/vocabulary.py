"""Everything that can happen to a machine, in the past tense. An event is a fact, not an order."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


SetRows = Annotated[int, Field(ge=2, le=10_000_000)]
SeedRows = Annotated[int, Field(ge=1_000, le=100_000)]
Epochs = Annotated[int, Field(ge=1, le=1_000)]
SeedNumber = Annotated[int, Field(ge=0, lt=2**32)]


class Samples(_Frozen):
    """Rows of each synthetic set."""

    train: SetRows = 35_000
    val: SetRows = 7_500
    test: SetRows = 7_500


class Plan(_Frozen):
    """What the user asked for; every event of a chain hands it to the next.

    Attributes:
        rows: Rows of the physics seed.
        epochs: Training epochs of the TVAE.
        samples: Rows of each synthetic set.
        seed: Number that makes the whole chain repeatable.
        retraining: How many times the set was found not good enough so far.
    """

    rows: SeedRows = 10_000
    epochs: Epochs = 25
    samples: Samples = Samples()
    seed: SeedNumber = 0
    retraining: Annotated[int, Field(ge=0)] = 0

    def plan(self, **changes: Any) -> dict[str, Any]:
        """The plan's fields, with changes, to build the next event from."""
        return {name: getattr(self, name) for name in Plan.model_fields} | changes


class Event(_Frozen):
    """A fact about one machine."""

    machine_id: str

    @property
    def type(self) -> str:
        """The event's name, as stored and shown."""
        return type(self).__name__

    def payload(self) -> dict[str, Any]:
        """The fact itself, without whom it is about."""
        return self.model_dump(mode="json", exclude={"machine_id"})


class MachineCreated(Event, Plan):
    """A valid profile was submitted under a new id."""


class RunDataSubmitted(Event, Plan):
    """Real run-to-failure data of a machine were submitted, and found to be sound.

    Attributes:
        file_key: Where the store has the submitted file.
        file_sha256: Its fingerprint.
        roles: Column of the file by role: unit_id, cycle_hour, ...
        sensors: Column of the file by sensor.
        failure_mode: How every unit failed, where no column says it.
        physics_share: Share of the seed's rows that is simulated.
    """

    file_key: str
    file_sha256: str
    roles: dict[str, str]
    sensors: dict[str, str]
    failure_mode: str | None = None
    physics_share: Annotated[float, Field(ge=0, le=0.9)] = 0.0


class SeedReady(Event, Plan):
    """Run-to-failure seed data lie in the seed file."""

    seed_key: str | None = None
    units: int | None = None
    num_features: int | None = None


class ModelTrained(Event, Plan):
    """A TVAE was trained on the seed.

    Attributes:
        model_key: The pickle's key; absent, in an event by hand, means the newest.
        final_loss: Mean loss of the last epoch.
        loss_history: Mean loss of each epoch.
    """

    model_key: str | None = None
    final_loss: float | None = None
    loss_history: tuple[float, ...] = ()
    training_time_seconds: float | None = None
    num_features: int | None = None
    device: str | None = None


class SyntheticDataReady(Event, Plan):
    """Train, validation and test sets were generated."""

    model_key: str | None = None
    units: dict[str, int] = {}


class RetrainRequested(Event, Plan):
    """The synthetic set was judged too poor (or a user wants another training)."""

    quality_score: float | None = None
    model_key: str | None = None
    reason: str = "requested by hand"


class MachineOnboarded(Event, Plan):
    """The synthetic sets were judged good enough: the machine's data are finished."""

    quality_score: float | None = None
    model_key: str | None = None
    report_key: str | None = None


class StageFailed(Event):
    """A stage ended without a result: out of attempts, quarantined, or never good enough."""

    stage: str
    reason: str
    job_id: int | None = None
    quality_score: float | None = None
    model_key: str | None = None


class StageOverdue(Event):
    """A stage takes much longer than it ever did, or is not begun; its job goes on.

    Attributes:
        waited_seconds: How long the job has run, or could have run.
        expected_seconds: Within which it was expected, from earlier runs.
    """

    stage: str
    job_id: int
    waited_seconds: int
    expected_seconds: int


EVENT_TYPES: dict[str, type[Event]] = {
    event.__name__: event
    for event in (
        MachineCreated,
        RunDataSubmitted,
        SeedReady,
        ModelTrained,
        SyntheticDataReady,
        RetrainRequested,
        MachineOnboarded,
        StageFailed,
        StageOverdue,
    )
}


def read_event(event_type: str, machine_id: str, payload: dict[str, Any]) -> Event:
    """The event that a ledger row holds."""
    return EVENT_TYPES[event_type](machine_id=machine_id, **payload)
