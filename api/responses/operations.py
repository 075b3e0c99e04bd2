"""The bodies of responses about tasks, queues and workers, and why a machine is not finished."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, Field

from api.responses.examples import MACHINE_ID
from api.responses.models import WITH_ERROR, Percent, TaskId, Time
from storage.ledger.queues import QueueState
from storage.queries.jobs import JobRow
from storage.queries.workers import WorkerState
from storage.status import OPEN, JobStatus


class ListedTask(BaseModel):
    """One stage's work for one machine."""

    task_id: TaskId
    machine_id: str
    stage: str = Field(examples=["train_tvae"])
    chain: str = Field(examples=["onboarding"])
    queue: str = Field(examples=["train"])
    worker: str | None = Field(description="Who runs it, or ran it last.")
    status: JobStatus
    progress: Percent
    message: str
    epoch: int | None
    loss: float | None
    attempts: int = Field(description="Number of failed attempts.")
    overdue: bool = Field(description="Whether it takes much longer than earlier ones.")
    created_at: Time
    due_at: Time = Field(description="From when on it may run.")
    started_at: Time | None
    completed_at: Time | None
    error: str | None

    @classmethod
    def of(cls, job: JobRow) -> Self:
        """A task as the ledger has it."""
        own = {"task_id", "status", "overdue", "error"}
        return cls(
            task_id=job.id,
            status=job.shown_status,
            overdue=job.status in OPEN and job.overdue_event_id is not None,
            error=job.error_message if job.status in WITH_ERROR else None,
            **{name: getattr(job, name) for name in cls.model_fields.keys() - own},
        )


class TaskPage(BaseModel):
    """Some tasks, the newest first."""

    items: list[ListedTask]
    next_cursor: str | None


class TaskChange(BaseModel):
    """A task that was retried or cancelled."""

    task_id: TaskId
    machine_id: str
    status: JobStatus


class Queue(BaseModel):
    """A queue: its settings, which apply to the workers of all hosts, and its load."""

    name: str = Field(examples=["train"])
    paused_at: Time | None = Field(description="Since when it is paused; null: it is open.")
    concurrency: int | None = Field(description="How many may run at once; null: any number.")
    priority: int = Field(description="Workers take from the highest priority first.")
    changed_at: Time | None = Field(description="When a setting was changed last.")
    changed_by: str | None = Field(description="Who did that, as in the actor of an event.")
    due: int = Field(description="Tasks that wait and could run now.")
    running: int
    oldest_due_at: Time | None = Field(description="Since when the oldest of them waits.")

    @classmethod
    def of(cls, state: QueueState) -> Self:
        """A queue as the ledger has it."""
        return cls.model_validate(state, from_attributes=True)


class Queues(BaseModel):
    """All queues, by name."""

    items: list[Queue]


class WorkerTask(BaseModel):
    """A task that a worker runs."""

    task_id: TaskId
    machine_id: str
    stage: str
    status: JobStatus
    progress: Percent
    message: str
    started_at: Time


class Worker(BaseModel):
    """A worker process that has not signed off."""

    id: str
    host: str
    queues: list[str]
    started_at: Time
    state: Literal["starting", "idle", "running", "silent"] = Field(
        description="`silent`: no heartbeat for 15 s; others take its tasks over."
    )
    silent_seconds: float = Field(description="Since its last heartbeat.")
    tasks: list[WorkerTask]

    @classmethod
    def of(cls, worker: WorkerState) -> Self:
        """A worker as the ledger has it."""
        names = WorkerTask.model_fields.keys() - {"task_id"}
        tasks = [
            WorkerTask(task_id=job.id, **{name: getattr(job, name) for name in names})
            for job in worker.jobs
        ]
        return cls(
            id=worker.id,
            host=worker.host,
            queues=worker.queues,
            started_at=worker.started_at,
            state=_state(worker),
            silent_seconds=worker.silent_seconds,
            tasks=tasks,
        )


class Workers(BaseModel):
    """All workers, by id."""

    items: list[Worker]


class Why(BaseModel):
    """Why a machine is not finished."""

    machine_id: str
    stage: str | None
    status: str = Field(description="Of its onboarding.")
    state: str = Field(description="The state in words.")
    since: Time
    waits_for: str = Field(description="What has to happen next; may be empty.")
    advice: str = Field(description="What to do; may be empty.")
    waited_seconds: int | None = Field(description="How long an overdue task took until now.")
    expected_seconds: int | None = Field(description="How long it should have taken.")


def _state(worker: WorkerState) -> Literal["starting", "idle", "running", "silent"]:
    if not worker.alive:
        return "silent"
    if worker.jobs:
        return "running"
    return "starting" if worker.ready_at is None else "idle"


_AT = 1795525171000
_TASK: dict[str, Any] = {
    "task_id": 2,
    "machine_id": MACHINE_ID,
    "stage": "train_tvae",
    "status": "running",
    "progress": 40,
    "message": "epoch 10 of 25, loss -9.31",
    "started_at": _AT,
}
_LISTED = _TASK | {
    "chain": "onboarding",
    "queue": "train",
    "worker": "host-a:7570",
    "epoch": 10,
    "loss": -9.31,
    "attempts": 0,
    "overdue": False,
    "created_at": _AT,
    "due_at": _AT,
    "completed_at": None,
    "error": None,
}
_QUEUE = {
    "name": "train",
    "paused_at": _AT,
    "concurrency": 2,
    "priority": 0,
    "changed_at": _AT,
    "changed_by": "ci",
    "due": 1,
    "running": 0,
    "oldest_due_at": _AT,
}
_WORKER = {
    "id": "host-a:7570",
    "host": "host-a",
    "queues": ["default", "train"],
    "started_at": _AT,
    "state": "running",
    "silent_seconds": 0.4,
    "tasks": [_TASK],
}

OF_MODELS: dict[str, Any] = {
    "TaskPage": {"items": [_LISTED], "next_cursor": None},
    "TaskChange": {"task_id": 2, "machine_id": MACHINE_ID, "status": "pending"},
    "Queue": _QUEUE,
    "Queues": {"items": [_QUEUE]},
    "QueueChange": {"paused": False, "concurrency": 2},
    "Workers": {"items": [_WORKER]},
    "Why": {
        "machine_id": MACHINE_ID,
        "stage": "train_tvae",
        "status": "pending",
        "state": "train_tvae is ready to run",
        "since": _AT,
        "waits_for": "queue 'train' is paused",
        "advice": "fleetforge queues resume train",
        "waited_seconds": None,
        "expected_seconds": None,
    },
}
