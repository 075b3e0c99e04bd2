"""Publishing events and the stages that react to them.

A stage subscribes when it is declared. Publishing writes the event and a pending job for each
subscriber in one transaction, then sends the jobs to the broker. The pending rows are the outbox:
if the broker does not answer, a steward sends the jobs later.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress

from errors import BrokerUnavailable, LedgerUnavailable
from events.vocabulary import EVENT_TYPES, Event
from storage.ledger import outbox
from storage.ledger.event_log import (
    SYSTEM,
    Dispatch,
    Effect,
    NewEvent,
    Subscription,
    Written,
    publish,
)
from storage.queries.events import event as past_event

_subscriptions: dict[str, list[Subscription]] = defaultdict(list)

Send = Callable[[Sequence[Dispatch]], None]


def subscribe(event_type: type[Event], subscription: Subscription) -> None:
    """Subscribe a stage to all events of a type."""
    _subscriptions[event_type.__name__].append(subscription)


def subscriptions(event_type: str) -> tuple[Subscription, ...]:
    """The stages that react to events of this type."""
    return tuple(_subscriptions[event_type])


def new_correlation_id() -> str:
    """An id for a request; all events that the request leads to have it."""
    return uuid.uuid4().hex


def new_event(
    event: Event,
    correlation_id: str,
    *,
    actor: str = SYSTEM,
    causation_id: int | None = None,
    key: str | None = None,
) -> NewEvent:
    """The event in the form that the ledger stores, with the stages that react to it."""
    return NewEvent(
        type=event.type,
        machine_id=event.machine_id,
        payload=event.payload(),
        correlation_id=correlation_id,
        chain=event.chain,
        effect=event.effect,
        actor=actor,
        causation_id=causation_id,
        key=key,
        recurring=event.recurring,
        subscriptions=subscriptions(event.type),
        model=event.trained_model(),
        verdict=event.verdict(),
        predictor=event.trained_predictor(),
    )


def request(event: Event, send: Send, actor: str) -> Written:
    """Publish an event that begins a run of its chain.

    Args:
        event: The event.
        send: Sends jobs to the broker; may raise `BrokerUnavailable`.
        actor: Who asks for it.
    """
    written = publish(new_event(event, new_correlation_id(), actor=actor))
    deliver(written.jobs, send)
    return written


def replay(event_id: int, send: Send, actor: str) -> Written:
    """Publish a copy of a past event; it begins a new run of its chain.

    Args:
        event_id: The past event; the copy names it as its cause.
        send: See `request`.
        actor: Who asks for it.

    Raises:
        NotFound: No such event.
    """
    past = past_event(event_id)
    written = publish(
        NewEvent(
            type=past.type,
            machine_id=past.machine_id,
            payload=past.payload,
            correlation_id=new_correlation_id(),
            chain=past.chain,
            effect=Effect.BEGINS,
            actor=actor,
            causation_id=event_id,
            recurring=EVENT_TYPES[past.type].recurring,
            subscriptions=subscriptions(past.type),
        )
    )
    deliver(written.jobs, send)
    return written


def deliver(jobs: Sequence[Dispatch], send: Send) -> bool:
    """Send jobs that were just written; False if the broker does not answer.

    Then the jobs are marked as not sent, and a steward sends them.
    """
    if not jobs:
        return True
    try:
        send(jobs)
    except BrokerUnavailable:
        with suppress(LedgerUnavailable):  # A steward will find that the broker lacks them.
            outbox.not_sent([job.job_id for job in jobs])
        return False
    return True
