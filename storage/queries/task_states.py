"""How tasks stand, for those who follow them: each state has a number, and a later one a higher.

Whoever hears of one task by several ways (Redis, the ledger) goes by the number. It is the
database's clock, and one more if that has not moved on since the task's last change.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from storage.database import execute, reading
from storage.queries.jobs import SHOWN_STATUS
from storage.queries.machines import STANDING_TABLES

#: Numbers of states that become visible so much later than others count as theirs, milliseconds:
#: a transaction may take its time to end.
LATEST_COMMIT = 5_000

_ENDED = ("success", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class TaskState:
    """How a task stands; of a machine without one, that there is none.

    Attributes:
        status: As people are told, `stale` too; `created` of a machine without a task.
        progress: Percent.
        epoch: Epochs trained so far, of a training.
        loss: Mean loss of that epoch.
        message: One line for people: what it is at, or what went wrong.
        seq: The higher, the later; of a machine without a task, when it was created.
    """

    machine_id: str
    task_id: int | None
    stage: str | None
    status: str
    progress: int
    epoch: int | None
    loss: float | None
    message: str
    seq: int

    @property
    def ended(self) -> bool:
        """Whether the task is over."""
        return self.status in _ENDED

    def is_before(self, other: TaskState) -> bool:
        """Whether another state of the machine is a later one, be it of a later task.

        A machine without a task is one whose tasks are still to come, or one that was deleted with
        its tasks and created again.
        """
        if self.task_id is None or other.task_id is None:
            return (self.seq, self.task_id is not None) < (other.seq, other.task_id is not None)
        return (self.task_id, self.seq) < (other.task_id, other.seq)


def of_tasks(task_ids: Collection[int]) -> list[TaskState]:
    """The states of tasks; those that are not there are left out."""
    if not task_ids:
        return []
    numbers = ", ".join(str(int(task_id)) for task_id in task_ids)
    return _states(f"machines JOIN jobs USING (machine_id) WHERE jobs.id IN ({numbers})")


def of_fleet() -> list[TaskState]:
    """The state of every machine's newest task, by machine."""
    return _states(f"{STANDING_TABLES} ORDER BY machines.machine_id")


def _states(of: str) -> list[TaskState]:
    with reading():
        return [TaskState(*row) for row in execute(f"SELECT {_STATE} FROM {of}")]


_STATE = f"""
machines.machine_id, jobs.id, jobs.stage,
CASE WHEN jobs.id IS NULL THEN 'created' ELSE {SHOWN_STATUS} END,
COALESCE(jobs.progress, 0), jobs.epoch, jobs.loss,
CASE WHEN jobs.status IN ('pending', 'failed', 'cancelled') AND jobs.error_message IS NOT NULL
    THEN jobs.error_message ELSE COALESCE(jobs.message, '') END,
COALESCE(jobs.seq, machines.created_at)
"""
