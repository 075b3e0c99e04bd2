"""A job's life: claimed, renewed, then completed, failed, crashed or released.

Whoever writes to a running job shows its token, so a worker that lost its lease writes nothing.
docs/architecture.md has the state machine.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from errors import StaleLease
from storage import projections
from storage.database import after, now_ms, transaction
from storage.facts import Dispatch, Fact, Written, append
from storage.tables import Artifact, Event, Job, Machine

MAX_ATTEMPTS = 5
MAX_CRASHES = 3
FIRST_BACKOFF_SECONDS = 2.0
LONGEST_BACKOFF_SECONDS = 300.0


@dataclass(frozen=True)
class Claim:
    """The right to run a job, until the lease ends or the token moves on."""

    job_id: int
    token: int
    stage: str
    machine_id: str
    profile: str
    event_id: int
    event_type: str
    payload: dict[str, Any]
    correlation_id: str
    attempts: int
    crashes: int


@dataclass(frozen=True)
class StagedArtifact:
    """A file that a stage has written to its own staging folder."""

    key: str
    staged_key: str
    sha256: str
    size: int


def claim(job_id: int, worker: str, lease_seconds: float) -> Claim | None:
    """Take a due job; None when it is not there to be taken (a duplicate message, say)."""
    with transaction():
        taken = (
            Job.update(
                status="running",
                token=Job.token + 1,
                worker=worker,
                lease_until=after(lease_seconds),
                started_at=now_ms(),
                completed_at=None,
                progress=0,
                message="",
            )
            .where(Job.id == job_id, Job.status == "pending", Job.due_at <= now_ms())
            .execute()
        )
        if not taken:
            return None
        projections.job_changed(job_id)
        (claimed,) = claims(Job.id == job_id)
        return claimed


def claims(condition: Any) -> list[Claim]:
    """The claims on running jobs as they stand, oldest lease first; a hundred at most."""
    query: Any = (
        Job.select(
            Job.id,
            Job.token,
            Job.stage,
            Job.machine,
            Machine.profile,
            Event.id,
            Event.type,
            Event.payload,
            Event.correlation_id,
            Job.attempts,
            Job.crashes,
        )
        .join(Event)
        .join(Machine, on=(Job.machine == Machine.machine_id))
        .where(condition)
        .order_by(Job.lease_until)
        .limit(100)
        .tuples()
    )
    return [replace(Claim(*row), payload=json.loads(row[7])) for row in query]


def renew(claim: Claim, lease_seconds: float) -> None:
    """Keep the lease.

    Raises:
        StaleLease: The job was cancelled, rescued or deleted meanwhile.
    """
    with transaction():
        _write(claim, lease_until=after(lease_seconds))


def report_progress(claim: Claim, percent: int, message: str) -> None:
    """Record how far a running job is.

    Raises:
        StaleLease: See `renew`.
    """
    with transaction():
        _write(claim, progress=percent, message=message)


def complete(claim: Claim, fact: Fact, artifacts: Iterable[StagedArtifact]) -> Written:
    """End a job with the fact it established and the files it made: all of it or nothing.

    Raises:
        StaleLease: See `renew`; nothing was written.
    """
    with transaction():
        _write(claim, status="success", progress=100, completed_at=now_ms(), lease_until=None)
        _add_artifacts(claim, artifacts)
        return append(fact)


def conclude_failed(
    claim: Claim, reason: str, fact: Fact, artifacts: Iterable[StagedArtifact]
) -> Written:
    """End a job that ran well but found that the chain cannot go on; its files stay readable.

    Raises:
        StaleLease: See `renew`; nothing was written.
    """
    with transaction():
        _write(
            claim,
            status="failed",
            progress=100,
            error_message=reason,
            completed_at=now_ms(),
            lease_until=None,
        )
        _add_artifacts(claim, artifacts)
        return append(fact)


def fail(claim: Claim, reason: str, fact: Fact, *, retryable: bool) -> Written:
    """Count a failed attempt: try again later, or end the job with `fact` after the last one.

    Raises:
        StaleLease: See `renew`; nothing was written.
    """
    attempts = claim.attempts + 1
    with transaction():
        if retryable and attempts < MAX_ATTEMPTS:
            _write(claim, attempts=attempts, **_waiting(reason, attempts))
            return Written(None)
        _write(claim, attempts=attempts, **_ended(reason))
        return append(fact)


def crash(claim: Claim, reason: str, fact: Fact, *, lease_expired: bool = False) -> Written:
    """Count a death of the process that ran the job; quarantine it after `MAX_CRASHES`.

    Args:
        claim: The right that the dead process had.
        reason: How it died, for people.
        fact: Written when the job is quarantined.
        lease_expired: Only if the lease has run out: a worker that woke up and renewed it in
            the meantime keeps the job.

    Raises:
        StaleLease: See `renew`; nothing was written.
    """
    crashes = claim.crashes + 1
    conditions = [Job.lease_until < now_ms()] if lease_expired else []
    with transaction():
        if crashes < MAX_CRASHES:
            _write(claim, *conditions, crashes=crashes, **_waiting(reason, crashes))
            return Written(None)
        ended = _ended(f"quarantined after {crashes} crashes: {reason}")
        _write(claim, *conditions, crashes=crashes, **ended)
        return append(fact)


def release(claim: Claim) -> Dispatch:
    """Hand a job back unharmed, without spending an attempt.

    Raises:
        StaleLease: See `renew`.
    """
    with transaction():
        _write(
            claim,
            status="pending",
            worker=None,
            lease_until=None,
            due_at=now_ms(),
            dispatched_at=None,
            progress=0,
            message="handed back by a worker that stopped",
        )
        job = Job.get_by_id(claim.job_id)
    return Dispatch(job.id, job.queue)


def _write(claim: Claim, *conditions: Any, **columns: Any) -> None:
    """Fenced write: only the holder of the token, only while the job runs."""
    written = (
        Job.update(**columns)
        .where(
            Job.id == claim.job_id,
            Job.token == claim.token,
            Job.status == "running",
            *conditions,
        )
        .execute()
    )
    if not written:
        raise StaleLease(f"job {claim.job_id} no longer belongs to token {claim.token}")
    projections.job_changed(claim.job_id)


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


def _waiting(reason: str, tries: int) -> dict[str, Any]:
    backoff = min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2 ** (tries - 1))
    return {
        "status": "pending",
        "worker": None,
        "lease_until": None,
        "due_at": after(backoff * random.uniform(0.8, 1.2)),
        "error_message": reason,
    }


def _ended(reason: str) -> dict[str, Any]:
    return {
        "status": "failed",
        "lease_until": None,
        "completed_at": now_ms(),
        "error_message": reason,
    }
