"""Appending events: an event and a pending job for each stage that reacts, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from storage.database import execute, now_ms, transaction
from storage.ledger import chain_status, model_registry, predictor_registry, training_report
from storage.ledger.model_registry import TrainedModel, Verdict
from storage.ledger.predictor_registry import TrainedPredictor
from storage.tables import Event, Machine

#: The actor of an event that no person or client asked for.
SYSTEM = "system"

#: How long recurring events and their jobs are kept, days, and how many are removed at a time.
RECURRING_DAYS = 7
_MOST_PRUNED = 10


class Effect(StrEnum):
    """What an event means for its chain.

    A notice about a running job is ignored when the chain's status is derived.
    """

    BEGINS = "begins"
    CONTINUES = "continues"
    ENDS = "ends"
    FAILS = "fails"
    NOTICE = "notice"


class Subscription(NamedTuple):
    """A stage that reacts to an event.

    Attributes:
        queue: The queue of its jobs.
        chain: The chain that its jobs belong to.
        trains: Whether it trains a model, so that its jobs get a training report.
    """

    stage: str
    queue: str
    chain: str = chain_status.ONBOARDING
    trains: bool = False


@dataclass(frozen=True)
class NewEvent:
    """An event about to be written.

    Attributes:
        chain: The chain it belongs to; an event that a job publishes gets the job's chain.
        effect: What it means for that chain.
        actor: Who asked for it: a token's name, `anyone` over HTTP without tokens, `cli`, `watch`,
            or `system`.
        causation_id: The event that led to it.
        job_id: The job that published it; None for a request.
        key: Unique; if an event has the same key, this one is not written.
        recurring: Whether such events come again and again; see `prune_recurring`.
        model: The trained model that it reports.
        verdict: The verdict on a model that it reports.
        predictor: The trained predictor that it reports.
    """

    type: str
    machine_id: str
    payload: Mapping[str, Any]
    correlation_id: str
    chain: str = chain_status.ONBOARDING
    effect: Effect = Effect.CONTINUES
    actor: str = SYSTEM
    causation_id: int | None = None
    job_id: int | None = None
    key: str | None = None
    recurring: bool = False
    subscriptions: Sequence[Subscription] = ()
    model: TrainedModel | None = None
    verdict: Verdict | None = None
    predictor: TrainedPredictor | None = None


@dataclass(frozen=True)
class Dispatch:
    """A job to be sent to its queue."""

    job_id: int
    queue: str


@dataclass(frozen=True)
class Written:
    """The event and the jobs that a transaction added. The caller has to send the jobs.

    The ledger already records the jobs as sent. If sending fails, the caller calls
    `outbox.not_sent`. If the caller dies before that, a steward finds that the broker lacks them.

    Attributes:
        event_id: None if an event with the same key exists.
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


def publish(event: NewEvent) -> Written:
    """Write an event and a pending job for each stage that reacts to it."""
    with transaction():
        return append(event)


def append(event: NewEvent) -> Written:
    """`publish` inside a transaction that is already open."""
    if event.key and Event.select().where(Event.key == event.key).exists():
        return Written(None)
    ((event_id,),) = execute(
        _INSERT_EVENT,
        type=event.type,
        machine=event.machine_id,
        payload=json.dumps(event.payload),
        correlation=event.correlation_id,
        causation=event.causation_id,
        key=event.key,
        chain=event.chain,
        effect=event.effect.value,
        actor=event.actor,
        job=event.job_id,
        recurring=event.recurring,
    )
    jobs = [_insert_job(event_id, event, subscription) for subscription in event.subscriptions]
    if event.model is not None:
        model_registry.record_model(event.machine_id, event.model)
    if event.verdict is not None:
        model_registry.record_verdict(event.machine_id, event.verdict)
    if event.predictor is not None:
        predictor_registry.record_predictor(event.machine_id, event.predictor)
    chains = {subscription.chain for subscription in event.subscriptions}
    if event.effect is not Effect.NOTICE:
        chains.add(event.chain)
    chain_status.update(event.machine_id, *chains)
    return Written(event_id, jobs)


def prune_recurring(machine_id: str, spared: int = 0) -> None:
    """Remove the oldest recurring events of a machine, with their jobs; a few at a time.

    Args:
        machine_id: The machine.
        spared: An event that stays, because its job completes now.
    """
    age = RECURRING_DAYS * 86_400_000
    execute(_PRUNE, machine=machine_id, age=age, most=_MOST_PRUNED, spared=spared)


def _insert_job(event_id: int, event: NewEvent, subscription: Subscription) -> Dispatch:
    ((job_id,),) = execute(
        _INSERT_JOB,
        event=event_id,
        machine=event.machine_id,
        stage=subscription.stage,
        queue=subscription.queue,
        chain=subscription.chain,
    )
    if subscription.trains:
        training_report.open_report(job_id, event.machine_id, event.payload.get("epochs"))
    return Dispatch(job_id, subscription.queue)


_PRUNE = """
DELETE FROM events WHERE id IN (
    SELECT oldest.id FROM (
        SELECT id, occurred_at FROM events WHERE machine_id = :machine AND recurring
        ORDER BY id LIMIT :most
    ) AS oldest
    WHERE oldest.occurred_at < {now} - :age AND oldest.id <> :spared AND NOT EXISTS (
        SELECT 1 FROM jobs
        WHERE jobs.event_id = oldest.id AND jobs.status IN ('pending', 'running')
    )
)
"""

_INSERT_EVENT = """
INSERT INTO events (type, machine_id, payload, correlation_id, causation_id, key, chain, effect,
    actor, job_id, recurring, occurred_at)
VALUES (:type, :machine, :payload, :correlation, :causation, :key, :chain, :effect,
    :actor, :job, :recurring, {now})
RETURNING id
"""

_INSERT_JOB = """
INSERT INTO jobs (event_id, machine_id, stage, queue, chain, status, token, attempts, crashes,
    progress, message, due_at, created_at, dispatched_at, seq)
VALUES (:event, :machine, :stage, :queue, :chain, 'pending', 0, 0, 0,
    0, '', {now}, {now}, {now}, {now})
RETURNING id
"""
