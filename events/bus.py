"""Who reacts to what, and telling them.

`subscribe` is called when a stage is declared; `Bus.publish` writes an event and a pending job
for each subscriber in one transaction, then tells the broker, which may be away: the pending
row is the outbox, and the steward sends what was not sent.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress

from errors import BrokerUnavailable, LedgerUnavailable
from events.vocabulary import Event
from storage.ledger import outbox
from storage.ledger.event_log import Dispatch, Fact, Subscription, Written, publish
from storage.queries import events

_subscriptions: dict[str, list[Subscription]] = defaultdict(list)

Send = Callable[[Sequence[Dispatch]], None]


def subscribe(event_type: type[Event], stage: str, queue: str) -> None:
    """Let a stage react to every event of this type from now on."""
    _subscriptions[event_type.__name__].append(Subscription(stage, queue))


def subscriptions(event_type: str) -> tuple[Subscription, ...]:
    """The stages that react to events of this type."""
    return tuple(_subscriptions[event_type])


def new_correlation_id() -> str:
    """An id for a chain that starts now; every event it causes carries it."""
    return uuid.uuid4().hex


def as_fact(
    event: Event, correlation_id: str, causation_id: int | None = None, key: str | None = None
) -> Fact:
    """The event as the ledger stores it, with those who react to it."""
    return Fact(
        type=event.type,
        machine_id=event.machine_id,
        payload=event.payload(),
        correlation_id=correlation_id,
        causation_id=causation_id,
        key=key,
        subscriptions=subscriptions(event.type),
    )


def announce(event: Event, send: Send) -> Written:
    """Publish an event that starts a chain of its own.

    Args:
        event: The fact.
        send: Gives jobs to the broker; may raise `BrokerUnavailable`.
    """
    written = publish(as_fact(event, new_correlation_id()))
    deliver(written.jobs, send)
    return written


def replay(event_id: int, send: Send) -> Written:
    """Publish a past event once more, as the start of a chain of its own.

    Args:
        event_id: The past event; the new one names it as its cause.
        send: See `announce`.

    Raises:
        NotFound: No such event.
    """
    past = events.event(event_id)
    written = publish(
        Fact(
            type=past["type"],
            machine_id=past["machine_id"],
            payload=past["payload"],
            correlation_id=new_correlation_id(),
            causation_id=event_id,
            subscriptions=subscriptions(past["type"]),
            replayed=True,
        )
    )
    deliver(written.jobs, send)
    return written


def deliver(jobs: Sequence[Dispatch], send: Send) -> bool:
    """Send jobs that were just written; False when the broker is away and a steward has to."""
    if not jobs:
        return True
    try:
        send(jobs)
    except BrokerUnavailable:
        with suppress(LedgerUnavailable):  # Then a steward finds them missing from the broker.
            outbox.not_sent([job.job_id for job in jobs])
        return False
    return True
