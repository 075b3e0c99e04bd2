"""Sending due jobs that are not with the broker, or whose message was lost."""

from __future__ import annotations

from actors.broker.client import Broker
from errors import BrokerUnavailable
from storage.ledger import outbox, queues

#: A job that was sent this long ago and that no worker has taken may have been lost, seconds.
DELIVERY_PATIENCE_SECONDS = 3.0


class Redelivery:
    """Keeps the broker's queues in line with the ledger's pending jobs."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def send_all(self) -> None:
        """Send what is due and not with the broker, and what was lost on its way."""
        self._notice_a_flush()
        self.send_due()
        self._send_again()

    def send_due(self) -> None:
        """Send what is due and was not sent, as far as its queue has room.

        Raises:
            BrokerUnavailable: The broker is away; the jobs count as not sent.
        """
        while jobs := outbox.take_unsent(queues.states()):
            try:
                self._broker.send(jobs)
            except BrokerUnavailable:
                outbox.not_sent([job.job_id for job in jobs])
                raise

    def _notice_a_flush(self) -> None:
        """When the broker has lost everything, every pending job is sent again."""
        if self._broker.was_emptied():
            outbox.forget_deliveries()

    def _send_again(self) -> None:
        """Send jobs whose message may be lost, never more than the queue is short of."""
        for name, queue in queues.states().items():
            missing = queue.due - self._broker.depth(name)
            if missing > 0:
                jobs = outbox.overdue_deliveries(name, DELIVERY_PATIENCE_SECONDS, missing)
                self._broker.send(jobs)
                outbox.sent_again([job.job_id for job in jobs])
