"""States of tasks for clients that follow them: a later state has a higher sequence number.

A client may receive the state of one task from Redis and from the ledger; the number shows which is
newer. It is the database's clock in ms, or the last number plus one if the clock has not advanced.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from storage.database import execute, reading
from storage.ledger.chain_status import ONBOARDING
from storage.queries.jobs import SHOWN_STATUS
from storage.status import ENDED

#: Longest time between taking a sequence number and the commit that makes the state visible, ms.
LATEST_COMMIT = 5_000


@dataclass(frozen=True, slots=True)
class TaskState:
    """The state of a task, or of a machine without one.

    Attributes:
        status: As shown to users, so it may be `stale`; `created` for a machine without a task.
        progress: Percent.
        epoch: Epochs trained so far; None unless it is a training.
        loss: Mean loss of that epoch.
        message: One line for users: the current step, or what went wrong.
        seq: Higher for a later state; for a machine without a task, its creation time.
        chain: The chain of the task; None for a machine without one.
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
    chain: str | None = ONBOARDING

    @property
    def ended(self) -> bool:
        """Whether the task has ended."""
        return self.status in ENDED

    def is_before(self, other: TaskState) -> bool:
        """Whether another state of the same machine is later, of this task or of a later task.

        A machine without a task has no task yet, or it was deleted with its tasks and created
        again.
        """
        if self.task_id is None or other.task_id is None:
            return (self.seq, self.task_id is not None) < (other.seq, other.task_id is not None)
        return (self.task_id, self.seq) < (other.task_id, other.seq)


def of_tasks(task_ids: Collection[int]) -> list[TaskState]:
    """The states of tasks; those that do not exist are left out."""
    if not task_ids:
        return []
    numbers = ", ".join(str(int(task_id)) for task_id in task_ids)
    return _states(f"machines JOIN jobs USING (machine_id) WHERE jobs.id IN ({numbers})")


def of_fleet() -> list[TaskState]:
    """The state of the newest task of each machine's onboarding, by machine."""
    return _states(f"{_NEWEST_TASKS} ORDER BY machines.machine_id")


def _states(of: str) -> list[TaskState]:
    with reading():
        return [TaskState(*row) for row in execute(f"SELECT {_STATE} FROM {of}")]


_NEWEST_TASKS = f"""
machines LEFT JOIN jobs ON jobs.id = (
    SELECT MAX(id) FROM jobs AS newest
    WHERE newest.machine_id = machines.machine_id AND newest.chain = '{ONBOARDING}'
)
"""

_STATE = f"""
machines.machine_id, jobs.id, jobs.stage,
CASE WHEN jobs.id IS NULL THEN 'created' ELSE {SHOWN_STATUS} END,
COALESCE(jobs.progress, 0), jobs.epoch, jobs.loss,
CASE WHEN jobs.status IN ('pending', 'failed', 'cancelled') AND jobs.error_message IS NOT NULL
    THEN jobs.error_message ELSE COALESCE(jobs.message, '') END,
COALESCE(jobs.seq, machines.created_at), jobs.chain
"""
