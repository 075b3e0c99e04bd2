"""Tasks: the jobs of the ledger, as clients see them."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.auth.access import ADMIN
from api.dependencies import path_params
from api.dependencies.path_params import TaskId
from api.responses.models import WITH_ERROR, Artifact, Event, Task, TaskResult, sent
from api.responses.problems import documented
from errors import Conflict
from storage import database
from storage.artifacts import registry
from storage.database import reading
from storage.operations import control
from storage.queries import lineage
from storage.queries.durations import seconds_left
from storage.queries.jobs import JobRow
from storage.status import OPEN

router = APIRouter(prefix="/api/gan/tasks", tags=["tasks"])


@router.get("/{task_id}", summary="One task", response_model=Task, responses=documented(404, 422))
def show(task_id: TaskId) -> Response:
    """The progress and the result of a task.

    The task has ended if its status is `success`, `failed` or `cancelled`.
    """
    return sent(describe(path_params.task(task_id)))


@router.delete(
    "/{task_id}",
    status_code=204,
    dependencies=[ADMIN],
    summary="Cancel a task",
    responses=documented(404, 409, 422),
)
def cancel(task_id: TaskId) -> None:
    """Stop a task. A running stage is killed within seconds; its partial files are discarded."""
    path_params.task(task_id)
    before = control.cancel(task_id)
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
