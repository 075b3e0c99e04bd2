"""Writing events: each fact in one transaction with a pending job for whoever reacts to it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from storage.database import execute, now_ms, transaction
from storage.ledger import projections
from storage.tables import Event, Machine


class Subscription(NamedTuple):
    """A stage that reacts to an event, and the queue its jobs go to."""

    stage: str
    queue: str


@dataclass(frozen=True)
class Fact:
    """An event about to be written.

    Attributes:
        key: Two facts with one key are the same fact: the second is not written.
        replayed: It was told before: the tables for reports have it, and as it stood then.
    """

    type: str
    machine_id: str
    payload: Mapping[str, Any]
    correlation_id: str
    causation_id: int | None = None
    key: str | None = None
    subscriptions: Sequence[Subscription] = ()
    replayed: bool = False


@dataclass(frozen=True)
class Dispatch:
    """A job to be sent to its queue."""

    job_id: int
    queue: str


@dataclass(frozen=True)
class Written:
    """What a transaction added: the event's id and the jobs, which the caller has to send.

    The ledger has them as sent. If they cannot be, `outbox.not_sent` says so; if the caller dies
    before that, a steward finds them missing from the broker.
    """

    event_id: int | None
    jobs: list[Dispatch] = field(default_factory=list)


def create_machine(profile: Mapping[str, Any], profile_json: str, sha256: str) -> None:
    """Insert a machine; call inside a transaction."""
    Machine.insert(
        machine_id=profile["machine_id"],
        machine_type=profile["machine_type"],
        category=profile["category"],
        manufacturer=profile["manufacturer"],
        model=profile["model"],
        profile=profile_json,
        profile_sha256=sha256,
        created_at=now_ms(),
    ).execute()


def publish(fact: Fact) -> Written:
    """Write a fact and a pending job for each stage that reacts to it."""
    with transaction():
        return append(fact)


def append(fact: Fact) -> Written:
    """`publish` as part of a transaction that is already open."""
    if fact.key and Event.select().where(Event.key == fact.key).exists():
        return Written(None)
    ((event_id,),) = execute(
        _INSERT_EVENT,
        type=fact.type,
        machine=fact.machine_id,
        payload=json.dumps(fact.payload),
        correlation=fact.correlation_id,
        causation=fact.causation_id,
        key=fact.key,
    )
    jobs = [_insert_job(event_id, fact, subscription) for subscription in fact.subscriptions]
    if not fact.replayed:
        projections.event_written(fact.type, fact.machine_id, fact.payload)
    return Written(event_id, jobs)


def _insert_job(event_id: int, fact: Fact, subscription: Subscription) -> Dispatch:
    ((job_id,),) = execute(
        _INSERT_JOB,
        event=event_id,
        machine=fact.machine_id,
        stage=subscription.stage,
        queue=subscription.queue,
    )
    projections.job_created(job_id, subscription.stage, fact.machine_id, fact.payload)
    return Dispatch(job_id, subscription.queue)


_INSERT_EVENT = """
INSERT INTO events (type, machine_id, payload, correlation_id, causation_id, key, occurred_at)
VALUES (:type, :machine, :payload, :correlation, :causation, :key, {now})
RETURNING id
"""

_INSERT_JOB = """
INSERT INTO jobs (event_id, machine_id, stage, queue, status, token, attempts, crashes, progress,
    message, due_at, created_at, dispatched_at, seq)
VALUES (:event, :machine, :stage, :queue, 'pending', 0, 0, 0, 0, '', {now}, {now}, {now}, {now})
RETURNING id
"""
