"""The life of a job once it is claimed: renewed, then completed, failed, crashed or released.

Every write to a running job requires its token, so a worker that has lost its lease cannot write.
docs/reliability.md has the state machine.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from errors import StaleLease
from storage.artifacts.staging import StagedArtifact
from storage.database import (
    execute,
    forgettable_transaction,
    now_ms,
    transaction,
)
from storage.ledger import chain_status, training_report
from storage.ledger.claims import Claim
from storage.ledger.event_log import SYSTEM, Dispatch, NewEvent, Written, append
from storage.ledger.sequence import NEXT_SEQ
from storage.status import JobStatus
from storage.tables import Artifact

#: What a transaction also does; it returns the events to publish with it.
Also = Callable[[], Iterable[NewEvent]]

MAX_ATTEMPTS = 5
MAX_CRASHES = 3
#: Pause before the second attempt, seconds; each further pause is twice as long.
BACKOFF_SECONDS = 2.0
#: The same after a crash; shorter, because time passed already until the crash was noticed.
CRASH_BACKOFF_SECONDS = 0.5

#: Pause of a job that could not run because the artifact store was away or a disk full.
POSTPONED_SECONDS = 5.0


def renew(claim: Claim, lease_seconds: float) -> None:
    """Extend the lease.

    Raises:
        StaleLease: The job was cancelled, rescued or deleted meanwhile.
    """
    with forgettable_transaction():
        _write(claim, "lease_until = {now} + :lease", lease=_ms(lease_seconds))


def report_progress(
    claim: Claim, percent: int, message: str, epoch: int | None = None, loss: float | None = None
) -> int:
    """Record the progress of a running job.

    Args:
        claim: The right to run it.
        percent: 0 to 100.
        message: One line for users.
        epoch: Epochs trained so far; None unless it is a training.
        loss: Mean loss of that epoch.

    Returns:
        The sequence number of this state; see `storage.queries.task_states`.

    Raises:
        StaleLease: See `renew`.
    """
    with forgettable_transaction():
        return _write(claim, _PROGRESS, percent=percent, text=message, epoch=epoch, loss=loss)


def complete(
    claim: Claim,
    event: NewEvent,
    artifacts: Iterable[StagedArtifact],
    also: Also = lambda: (),
    first: Callable[[], None] = lambda: None,
) -> Written:
    """End a job: write its event and its files in one transaction.

    Args:
        claim: The right to run it.
        event: What it has established.
        artifacts: Its files.
        also: Writes more in the same transaction; the events that it returns are published too.
        first: Locks what `also` changes. Rows of chains are locked after that.

    Raises:
        StaleLease: See `renew`; nothing was written.
    """
    with transaction():
        _write(claim, f"status = 'success', {_OVER}")
        first()
        _add_artifacts(claim, artifacts)
        written = append(_by(claim, event))
        for more in also():
            written.jobs.extend(append(replace(more, causation_id=written.event_id)).jobs)
        return written


def conclude_failed(
    claim: Claim, reason: str, event: NewEvent, artifacts: Iterable[StagedArtifact]
) -> Written:
    """End a job whose result is that the chain cannot continue; its files stay readable.

    Raises:
        StaleLease: See `renew`; nothing was written.
    """
    with transaction():
        _write(claim, f"{_FAILED}, progress = 100", reason=reason)
        _add_artifacts(claim, artifacts)
        return append(_by(claim, event))


def fail(claim: Claim, reason: str, event: NewEvent, *, retryable: bool) -> Written:
    """Record a failed attempt: schedule the next one, or end the job with `event`.

    Raises:
        StaleLease: See `renew`; nothing was written.
    """
    attempts = claim.attempts + 1
    with transaction():
        if retryable and attempts < MAX_ATTEMPTS:
            backoff = _jittered(BACKOFF_SECONDS * 2 ** (attempts - 1))
            _write(claim, f"attempts = :n, {_WAITS}", n=attempts, reason=reason, backoff=backoff)
            _waits(claim)
            return Written(None)
        _write(claim, f"attempts = :n, {_FAILED}", n=attempts, reason=reason)
        return append(_by(claim, event))


def crash(claim: Claim, reason: str, event: NewEvent, *, lease_expired: bool = False) -> Written:
    """Record that the process that ran the job died; quarantine the job after `MAX_CRASHES`.

    Args:
        claim: The claim of the dead process.
        reason: How it died, for users.
        event: Written if the job is quarantined.
        lease_expired: Write only if the lease has ended: a worker that has renewed it meanwhile
            keeps the job.

    Raises:
        StaleLease: See `renew`; nothing was written.
    """
    crashes = claim.crashes + 1
    condition = "lease_until < {now}" if lease_expired else "TRUE"
    with transaction():
        if crashes < MAX_CRASHES:
            backoff = _jittered(CRASH_BACKOFF_SECONDS * 2 ** (crashes - 1))
            setting = f"crashes = :n, {_WAITS}"
            _write(claim, setting, condition, n=crashes, reason=reason, backoff=backoff)
            _waits(claim)
            return Written(None)
        reason = f"quarantined after {crashes} crashes: {reason}"
        _write(claim, f"crashes = :n, {_FAILED}", condition, n=crashes, reason=reason)
        return append(_by(claim, event))


def release(claim: Claim) -> Dispatch:
    """Return a job to its queue; this does not count as an attempt.

    Raises:
        StaleLease: See `renew`.
    """
    with transaction():
        _write(claim, _RELEASED)
        _waits(claim)
    return Dispatch(claim.job_id, claim.queue)


def postpone(claim: Claim, reason: str) -> None:
    """Return a job that could not run for want of something else; this counts as no attempt.

    Args:
        claim: The right to run it.
        reason: What was away, for users.

    Raises:
        StaleLease: See `renew`.
    """
    with transaction():
        _write(claim, _WAITS, reason=reason, backoff=_jittered(POSTPONED_SECONDS))
        _waits(claim)


def _write(claim: Claim, setting: str, condition: str = "TRUE", **values: Any) -> int:
    """Update a running job if the claim's token is current; returns the job's new `seq`."""
    statement = f"UPDATE jobs SET {setting} WHERE {_HELD} AND {condition} RETURNING seq"
    written = execute(statement, job=claim.job_id, token=claim.token, **values)
    if not written:
        raise StaleLease(f"job {claim.job_id} no longer belongs to token {claim.token}")
    _follow(claim)
    return int(written[0][0])


def _waits(claim: Claim) -> None:
    chain_status.move(claim.machine_id, claim.chain, claim.job_id, JobStatus.PENDING)


def _follow(claim: Claim) -> None:
    if claim.has_report:
        training_report.follow(claim.job_id)


def _by(claim: Claim, event: NewEvent) -> NewEvent:
    """The event, published by the job."""
    return replace(
        event,
        chain=claim.chain,
        actor=SYSTEM,
        correlation_id=claim.correlation_id,
        causation_id=claim.event_id,
        job_id=claim.job_id,
    )


def _add_artifacts(claim: Claim, artifacts: Iterable[StagedArtifact]) -> None:
    for artifact in artifacts:
        Artifact.insert(
            machine=claim.machine_id,
            job=claim.job_id,
            key=artifact.key,
            staged_key=artifact.staged_key,
            sha256=artifact.sha256,
            size=artifact.size,
            created_at=now_ms(),
        ).execute()


def _jittered(seconds: float) -> int:
    return _ms(seconds * random.uniform(0.8, 1.2))


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


_HELD = "id = :job AND token = :token AND status = 'running'"

_PROGRESS = f"""
progress = :percent, message = :text, epoch = :epoch, loss = :loss, seq = {NEXT_SEQ}
"""

_OVER = f"progress = 100, lease_until = NULL, completed_at = {{now}}, seq = {NEXT_SEQ}"

_FAILED = f"""
status = 'failed', lease_until = NULL, completed_at = {{now}}, error_message = :reason,
seq = {NEXT_SEQ}
"""

_WAITS = f"""
status = 'pending', worker = NULL, lease_until = NULL, due_at = {{now}} + :backoff,
dispatched_at = NULL, error_message = :reason, seq = {NEXT_SEQ}
"""

_RELEASED = f"""
status = 'pending', worker = NULL, lease_until = NULL, due_at = {{now}}, dispatched_at = {{now}},
progress = 0, epoch = NULL, loss = NULL, message = 'handed back by a worker that stopped',
seq = {NEXT_SEQ}
"""
