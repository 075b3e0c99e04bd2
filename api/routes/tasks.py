"""Tasks: the jobs of the ledger, as clients see them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from api.auth.access import ADMIN, WRITE, Caller
from api.dependencies import pagination, path_params
from api.dependencies.idempotency import TheRequest, answer
from api.dependencies.pagination import LedgerId, Paging
from api.dependencies.path_params import TaskId
from api.responses import examples
from api.responses.models import WITH_ERROR, Artifact, Event, Task, TaskResult, sent
from api.responses.operations import ListedTask, TaskChange, TaskPage
from api.responses.problems import documented
from errors import Conflict
from events import task_acts
from events.bus import Send
from GAN.profiles.profile import MachineId as KnownId
from GAN.profiles.profile import Name
from storage import database
from storage.artifacts import registry
from storage.clients.idempotency import Answer
from storage.database import reading
from storage.queries import jobs, lineage
from storage.queries.durations import seconds_left
from storage.queries.jobs import JobRow
from storage.status import OPEN, JobStatus

router = APIRouter(prefix="/api/gan/tasks", tags=["tasks"])


_ORDER = "-task_id"


class TaskQuery(Paging):
    """Which tasks."""

    status: JobStatus | None = Field(default=None, examples=["failed"])
    stage: Name | None = Field(default=None, examples=["train_tvae"])
    machine_id: KnownId | None = Field(default=None, examples=[examples.MACHINE_ID])
    chain: Name | None = Field(default=None, examples=["onboarding"])


@router.get("", summary="Tasks", response_model=TaskPage, responses=documented(422))
def list_tasks(query: Annotated[TaskQuery, Query()]) -> Response:
    """Tasks of all machines, the newest first, a page at a time."""
    position = pagination.position(query.cursor, _ORDER, tuple[LedgerId])
    found = jobs.jobs(
        before=position[0] if position else None,
        limit=query.limit + 1,
        **query.model_dump(include={"status", "stage", "machine_id", "chain"}),
    )
    page, more = found[: query.limit], len(found) > query.limit
    cursor = pagination.cursor(_ORDER, page[-1].id) if more else None
    return sent(TaskPage(items=[ListedTask.of(job) for job in page], next_cursor=cursor))


@router.get("/{task_id}", summary="One task", response_model=Task, responses=documented(404, 422))
def show(task_id: TaskId) -> Response:
    """The progress and the result of a task.

    The task has ended if its status is `success`, `failed` or `cancelled`.
    """
    return sent(describe(path_params.task(task_id)))


@router.delete(
    "/{task_id}",
    status_code=204,
    summary="Cancel a task",
    responses=documented(404, 409, 422),
)
def cancel(task_id: TaskId, caller: Annotated[Caller, ADMIN]) -> None:
    """Stop a task. A running stage is killed within seconds; its partial files are discarded."""
    path_params.task(task_id)
    _cancel(task_id, caller.name)


@router.post(
    "/{task_id}/retry",
    status_code=202,
    dependencies=[WRITE],
    summary="Retry a task",
    response_model=TaskChange,
    responses=documented(404, 409, 422),
)
def retry(task_id: TaskId, once: TheRequest) -> Response:
    """Let a task that failed or was cancelled run again; its chain continues from there."""
    before = path_params.task(task_id)

    def effect(send: Send) -> Answer:
        job = task_acts.retry(task_id, once.actor)
        if job is None:
            message = f"task {task_id} has neither failed nor was it cancelled: {before.status}"
            raise Conflict(f"{message}; there is nothing to retry")
        send([job])
        return _changed(before, JobStatus.PENDING)

    return once(effect)


@router.post(
    "/{task_id}/cancel",
    status_code=202,
    dependencies=[WRITE],
    summary="Stop a task",
    response_model=TaskChange,
    responses=documented(404, 409, 422),
)
def stop(task_id: TaskId, once: TheRequest) -> Response:
    """Cancel a task, as DELETE does, with the scope `write`; it can be retried."""
    job = path_params.task(task_id)

    def effect(send: Send) -> Answer:  # noqa: ARG001  # nothing is sent
        _cancel(task_id, once.actor)
        return _changed(job, JobStatus.CANCELLED)

    return once(effect)


def _changed(job: JobRow, status: JobStatus) -> Answer:
    return answer(202, TaskChange(task_id=job.id, machine_id=job.machine_id, status=status))


def _cancel(task_id: int, actor: str) -> None:
    before = task_acts.cancel(task_id, actor)
    if before not in OPEN:
        raise Conflict(f"task {task_id} has ended: {before}; there is nothing to cancel")


def describe(job: JobRow) -> Task:
    """A task, from its job."""
    with reading():
        eta = seconds_left(job, database.clock_ms())
    return Task(
        task_id=job.id,
        status=job.shown_status,
        eta_seconds=eta,
        result=None if job.status in OPEN else _result(job),
        error=job.error_message if job.status in WITH_ERROR else None,
        **{name: getattr(job, name) for name in _SAME},
    )


def _result(job: JobRow) -> TaskResult:
    event = lineage.outcome(job.id)
    files = registry.of_job(job.id)
    return TaskResult(
        event=Event.of(event) if event else None, artifacts=[Artifact.of(file) for file in files]
    )


_SAME = (
    "machine_id",
    "stage",
    "progress",
    "message",
    "epoch",
    "loss",
    "attempts",
    "created_at",
    "started_at",
    "completed_at",
)
