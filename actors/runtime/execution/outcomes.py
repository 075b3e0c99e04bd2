"""Writing the outcome of an attempt to the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import structlog

from actors.runtime.stage_process import Died, Failed, Finished, Message, Postponed
from actors.stage import Stage
from events.bus import new_event
from events.vocabulary import StageFailed
from storage.ledger import leases
from storage.ledger.claims import Claim
from storage.ledger.event_log import NewEvent, Written
from storage.ledger.leases import Also


def failure_event(claim: Claim, reason: str) -> NewEvent:
    """The StageFailed that ends a job for good."""
    event = StageFailed(
        machine_id=claim.machine_id, stage=claim.stage, reason=reason, job_id=claim.job_id
    )
    return new_event(event, claim.correlation_id)


def _keeping(
    claim: Claim, outcome: Finished, stage: Stage | None
) -> tuple[Callable[[], None], Also]:
    """What the completing transaction does before and after it writes the event."""
    locks = stage.locks if stage is not None else None
    keeps = stage.keeps if stage is not None else None

    def first() -> None:
        if locks is not None:
            locks(claim)

    def also() -> Iterable[NewEvent]:
        if keeps is None:
            return ()
        return [event for kept in outcome.kept for event in keeps(claim, kept)]

    return first, also


def write_outcome(claim: Claim, outcome: Message, stage: Stage | None = None) -> Written:
    """Complete, fail or crash the job, in one transaction.

    Args:
        claim: The right to run it.
        outcome: How its run ended.
        stage: Its stage; None if this worker does not know it.

    Raises:
        StaleLease: The job is no longer this worker's; nothing was written.
        LedgerUnavailable: The ledger does not answer.
    """
    log = structlog.get_logger()
    match outcome:
        case Finished():
            event = outcome.event
            record = new_event(event, claim.correlation_id)
            if isinstance(event, StageFailed):
                log.warning("gave up", reason=event.reason)
                return leases.conclude_failed(claim, event.reason, record, outcome.artifacts)
            first, also = _keeping(claim, outcome, stage)
            return leases.complete(claim, record, outcome.artifacts, also, first)
        case Failed(reason, retryable, details):
            log.warning("attempt failed", reason=reason, retryable=retryable)
            if details and retryable:
                log.warning("traceback", traceback=details)
            record = failure_event(claim, reason)
            return leases.fail(claim, reason, record, retryable=retryable)
        case Postponed(reason):
            log.warning("cannot run now", reason=reason)
            leases.postpone(claim, reason)
            return Written(None)
        case Died(reason):
            log.warning("child died", reason=reason)
            return leases.crash(claim, reason, failure_event(claim, reason))
        case _:
            raise AssertionError(outcome)
