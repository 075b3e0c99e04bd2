"""Cancelling and retrying jobs: each is an event with who did it, a notice that starts nothing."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from events.bus import new_event
from events.vocabulary import StageCancelled, StageRetried
from storage.ledger.event_log import Dispatch, NewEvent
from storage.operations import control
from storage.queries.events import event as past_event
from storage.status import JobStatus
from storage.tables import Job


def cancel(job_id: int, actor: str) -> JobStatus:
    """Cancel a job; return the status that it had.

    Raises:
        NotFound: No such job.
    """
    return control.cancel(job_id, partial(_notice, StageCancelled, actor))


def retry(job_id: int, actor: str) -> Dispatch | None:
    """Make a failed or cancelled job pending again; None if it is neither.

    Raises:
        NotFound: No such job.
    """
    return control.retry(job_id, partial(_notice, StageRetried, actor))


def retry_failed(machine_id: str | None, actor: str) -> list[Dispatch]:
    """Make every failed job pending again, or those of one machine; all of them or none."""
    return control.retry_failed(machine_id, partial(_notice, StageRetried, actor))


def _notice(act: type[StageCancelled | StageRetried], actor: str, job: Job) -> NewEvent:
    cause = past_event(int(str(job.event)))
    event = act(machine_id=str(job.machine), stage=job.stage, job_id=job.id)
    notice = new_event(event, cause.correlation_id, actor=actor, causation_id=cause.id)
    return replace(notice, chain=job.chain)
