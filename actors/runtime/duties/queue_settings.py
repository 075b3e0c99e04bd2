"""Following what operators set for queues."""

from __future__ import annotations

from actors.broker.client import Broker
from actors.runtime import metrics
from storage import database
from storage.ledger import queues


class QueueSettings:
    """Keeps the worker's priorities and the queues' gauges up to date."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def refresh(self) -> None:
        """Read the queues' priorities, lengths and ages from the ledger."""
        states = queues.states()
        self._broker.prefer({name: queue.priority for name, queue in states.items()})
        metrics.show_queues(states, database.clock_ms())
