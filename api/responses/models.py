"""The bodies of responses. Times are milliseconds since 1970, by the ledger's clock."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from fastapi import Response
from pydantic import BaseModel, Field

from GAN.profiles.profile import MachineProfile
from storage.artifacts.registry import PublishedFile
from storage.queries.events import EventRow
from storage.queries.machines import ChainState, MachineState
from storage.status import ChainStatus, JobStatus, MachineStatus


def sent(body: BaseModel) -> Response:
    """A finished response: FastAPI would validate the body again, in another thread."""
    return Response(body.model_dump_json(), media_type="application/json")


Time = Annotated[int, Field(description="Milliseconds since 1970.", examples=[1790000000000])]
TaskId = Annotated[int, Field(examples=[17])]
Percent = Annotated[int, Field(ge=0, le=100)]

#: Statuses with which the last error is shown; with the others it is out of date.
WITH_ERROR = frozenset(
    status.value for status in (JobStatus.PENDING, JobStatus.FAILED, JobStatus.CANCELLED)
)


class Machine(BaseModel):
    """A machine and the status of its onboarding."""

    machine_id: str = Field(examples=["pump_example_001"])
    machine_type: str = Field(examples=["pump"])
    category: str = Field(examples=["pump"])
    manufacturer: str
    model: str
    created_at: Time
    status: MachineStatus
    stage: str | None = Field(description="Stage of that task.", examples=["train_tvae"])
    task_id: TaskId | None = Field(description="The onboarding task that the status comes from.")
    progress: Percent = Field(description="Of that task.")
    chain_progress: Annotated[float, Field(ge=0, le=100)] | None = Field(
        description="Of its onboarding: each stage counts for the time that it usually takes. It "
        "does not fall within a run; null before the first."
    )
    message: str
    error: str | None
    since: Time
    overdue: bool = Field(
        description="Whether the task takes much longer than earlier tasks of its stage."
    )

    @classmethod
    def of(cls, state: MachineState, chain_progress: float | None, **more: Any) -> Self:
        """A machine as the ledger has it."""
        return cls(
            machine_id=state.machine_id,
            machine_type=state.machine_type,
            category=state.category,
            manufacturer=state.manufacturer,
            model=state.model,
            created_at=state.created_at,
            status=state.status,
            stage=state.stage,
            task_id=state.job_id,
            progress=state.progress,
            chain_progress=chain_progress,
            message=state.message,
            error=state.error_message if state.status in WITH_ERROR else None,
            since=state.since,
            overdue=state.overdue,
            **more,
        )


class MachinePage(BaseModel):
    """Some machines; `next_cursor` is null on the last page."""

    items: list[Machine]
    next_cursor: str | None


class Artifact(BaseModel):
    """A file that a task made, under its published name."""

    key: str = Field(examples=["GAN/data/synthetic/pump_example_001/train.parquet"])
    size: int = Field(description="Bytes.")
    sha256: str
    verdict: Literal["accepted", "rejected"] | None = Field(
        description="The result of the assessment of the model that it belongs to."
    )
    published_at: Time | None = Field(description="Null until it is available under its key.")

    @classmethod
    def of(cls, file: PublishedFile) -> Self:
        """A file as the ledger has it."""
        return cls.model_validate(file, from_attributes=True)


class Event(BaseModel):
    """An event: a fact about a machine, or a request."""

    id: int
    type: str = Field(examples=["ModelTrained"])
    machine_id: str
    correlation_id: str = Field(description="Shared by all events that one request led to.")
    causation_id: int | None = Field(description="The event that led to it.")
    chain: str = Field(
        description="The chain of stages that it belongs to.", examples=["onboarding"]
    )
    effect: Literal["begins", "continues", "ends", "fails", "notice"] = Field(
        description="What it means for that chain; a notice changes nothing."
    )
    job_id: int | None = Field(description="The task that published it; null for a request.")
    actor: str | None = Field(
        description="Who asked: a token's name (anyone without tokens), cli, watch or system; "
        "null in old rows."
    )
    occurred_at: Time
    payload: dict[str, Any] = Field(description="Its fields; they depend on the type.")

    @classmethod
    def of(cls, row: EventRow) -> Self:
        """An event as the ledger has it."""
        return cls.model_validate(row, from_attributes=True)


class EventPage(BaseModel):
    """Some events.

    Oldest first, `next_cursor` is never null: use it later to get the events that happened since.
    Newest first, it is null on the last page.
    """

    items: list[Event]
    next_cursor: str | None


class Step(BaseModel):
    """A task of a machine's chain, and the event that it reacts to."""

    event_id: int
    event_type: str = Field(examples=["SeedReady"])
    task_id: TaskId
    stage: str = Field(examples=["train_tvae"])
    status: JobStatus
    progress: Percent
    created_at: Time
    started_at: Time | None
    completed_at: Time | None


class Model(BaseModel):
    """A trained model; its file is one of the artifacts."""

    version: int
    key: str
    sha256: str
    epochs: int
    final_loss: float
    status: Literal["candidate", "accepted", "rejected"]
    created_at: Time


class Report(BaseModel):
    """Where the newest quality report is."""

    href: str = Field(examples=["/api/gan/machines/pump_example_001/report"])
    page_href: str = Field(examples=["/api/gan/machines/pump_example_001/report.html"])
    sha256: str


class Chain(BaseModel):
    """The status of one chain of a machine's stages."""

    chain: str = Field(examples=["onboarding"])
    status: ChainStatus = Field(description="`complete`: an event has ended the chain.")
    stage: str = Field(examples=["assess_quality"])
    task_id: TaskId = Field(description="The task that the status comes from.")

    @classmethod
    def of(cls, state: ChainState) -> Self:
        """A chain as the ledger has it."""
        return cls(chain=state.chain, status=state.status, stage=state.stage, task_id=state.job_id)


class MachineDetail(Machine):
    """A machine with its profile, chains, files, model and report."""

    profile: MachineProfile
    chain: list[Step] = Field(
        description="The tasks of the newest run of its onboarding, the latest hundred."
    )
    chains: list[Chain] = Field(description="The chains that have begun, onboarding included.")
    artifacts: list[Artifact]
    latest_model: Model | None
    report: Report | None


class TaskResult(BaseModel):
    """The results of a task that has ended."""

    event: Event | None = Field(description="The event that it published.")
    artifacts: list[Artifact]


class Task(BaseModel):
    """One stage's work for one machine."""

    task_id: TaskId
    machine_id: str
    stage: str = Field(examples=["train_tvae"])
    status: JobStatus
    progress: Percent
    message: str
    epoch: int | None = Field(description="Epochs trained so far; null unless it is a training.")
    loss: float | None = Field(description="Mean loss of that epoch.")
    eta_seconds: float | None = Field(
        description="Seconds until it ends if it takes as long as earlier tasks of its stage did, "
        "for a training scaled to its epochs; null without earlier tasks, or if it has run longer."
    )
    attempts: int = Field(description="Number of failed attempts.")
    created_at: Time
    started_at: Time | None
    completed_at: Time | None
    result: TaskResult | None = Field(description="Null until it has ended.")
    error: str | None
