"""Stock Dramatiq: one actor sends to the next. Run by `dramatiq benchmarks.peers.dramatiq_app`."""

from __future__ import annotations

import os

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from benchmarks.peers import BROKER, NAMESPACE
from benchmarks.trace import trace

broker = RedisBroker(  # type: ignore[no-untyped-call]
    url=os.environ[BROKER], namespace=os.environ[NAMESPACE]
)
dramatiq.set_broker(broker)


@dramatiq.actor(queue_name="first")
def first(hop: int) -> None:
    """Send the second message."""
    trace(handed_over=hop)
    second.send(hop)


@dramatiq.actor(queue_name="second")
def second(hop: int) -> None:
    """Record that the actor has started."""
    trace(first_line=hop)
