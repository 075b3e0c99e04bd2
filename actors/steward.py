"""The steward: a thread in every worker that mends what others left. There is no leader.

Every look is safe to repeat and safe to make twice at once, so any number of stewards may run.
"""

from __future__ import annotations

import os
import random
import socket
import threading
from dataclasses import dataclass

import structlog

from actors.broker import Broker
from actors.embedded import EmbeddedValkey
from actors.run import failure_fact
from errors import BrokerUnavailable, LedgerUnavailable, StaleLease
from events.bus import deliver
from storage import ledger, outbox, publication, standing
from storage.artifacts import ArtifactStore

PERIOD_SECONDS = 2.0

#: A job that was sent this long ago and that nobody has taken may have been lost on the way.
DELIVERY_PATIENCE_SECONDS = 10.0


@dataclass
class Steward:
    """Looks after the ledger for as long as its worker lives.

    Attributes:
        valkey: The private Valkey to start again when it is silent; None with a real server.
    """

    worker_id: str
    queues: list[str]
    broker: Broker
    store: ArtifactStore
    valkey: EmbeddedValkey | None

    def run(self, stopping: threading.Event) -> None:
        """Look every two seconds or so until told to stop.

        Whatever else ends it ends its worker too: a worker without a steward would stall in
        silence one day, and a new one is soon started.
        """
        try:
            trouble = ""
            while not stopping.is_set():
                trouble = self._look_and_complain(trouble)
                stopping.wait(PERIOD_SECONDS * random.uniform(0.75, 1.25))
        finally:
            stopping.set()

    def _look_and_complain(self, trouble: str) -> str:
        """One round; what is wrong, said when it begins and when it ends, not every round."""
        try:
            self.look()
        except (LedgerUnavailable, BrokerUnavailable, OSError) as error:
            if str(error) != trouble:
                structlog.get_logger().warning("waiting", reason=str(error))
            return str(error)
        if trouble:
            structlog.get_logger().info("all is well again")
        return ""

    def look(self) -> None:
        """One round.

        Raises:
            LedgerUnavailable: The database does not answer.
            BrokerUnavailable: The broker does not.
        """
        standing.beat(self.worker_id, socket.gethostname(), os.getpid(), self.queues)
        self.rescue()
        publication.put_in_place(self.store, standing.unpublished())
        if self.valkey is not None:
            self.valkey.ensure()
        if self.broker.was_emptied():
            outbox.forget_deliveries()
        self.broker.send(outbox.undelivered())
        self.send_again()

    def rescue(self) -> None:
        """Take jobs back from workers that no longer renew their lease."""
        for claim in outbox.expired():
            reason = "its worker stopped renewing the lease"
            try:
                written = ledger.crash(
                    claim, reason, failure_fact(claim, reason), lease_expired=True
                )
            except StaleLease:
                continue  # Another steward was quicker, or the worker woke up.
            structlog.get_logger().warning(
                "rescued", job=claim.job_id, machine=claim.machine_id, stage=claim.stage
            )
            deliver(written.jobs, self.broker.send)

    def send_again(self) -> None:
        """Send jobs whose message may be lost, never more than the queue is short of."""
        for queue, pending in outbox.pending_by_queue().items():
            missing = pending - self.broker.depth(queue)
            if missing > 0:
                jobs = outbox.overdue_deliveries(queue, DELIVERY_PATIENCE_SECONDS, missing)
                self.broker.send(jobs)
