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
from storage import ledger, outbox, publication, standing, workers
from storage.artifacts import ArtifactStore

PERIOD_SECONDS = 2.0

#: A job that was sent this long ago and that nobody has taken may have been lost on the way.
DELIVERY_PATIENCE_SECONDS = 10.0


@dataclass
class Steward:
    """Looks after the ledger for as long as its worker lives.

    Attributes:
        valkey: The private Valkey to start again when it is silent; None with a real server.
        lost: Whether `run` ended by an error that it does not know.
    """

    worker_id: str
    queues: list[str]
    broker: Broker
    store: ArtifactStore
    valkey: EmbeddedValkey | None
    lost: bool = False

    def run(self, stopping: threading.Event) -> None:
        """Look every two seconds or so until told to stop.

        What ends it unexpectedly ends its worker too: a worker without a steward would stall in
        silence one day, and a new one is soon started.
        """
        troubles: set[str] = set()
        try:
            while not stopping.is_set():
                troubles = self._complain(self.look(), troubles)
                stopping.wait(PERIOD_SECONDS * random.uniform(0.75, 1.25))
        finally:
            self.lost = not stopping.is_set()
            stopping.set()

    def look(self) -> set[str]:
        """One round; what went wrong in it. A step that cannot be done holds up no other."""
        troubles = set()
        for step in (
            self.beat,
            self.rescue,
            self.place_files,
            self.keep_valkey,
            self.notice_a_flush,
            self.send,
            self.send_again,
        ):
            try:
                step()
            except (LedgerUnavailable, BrokerUnavailable, OSError) as error:
                troubles.add(str(error))
        return troubles

    @staticmethod
    def _complain(now: set[str], before: set[str]) -> set[str]:
        """Say what is wrong when it begins and when it ends, not every two seconds."""
        for trouble in sorted(now - before):
            structlog.get_logger().warning("waiting", reason=trouble)
        if before and not now:
            structlog.get_logger().info("all is well again")
        return now

    def beat(self) -> None:
        """Note that the worker is alive."""
        workers.beat(self.worker_id, socket.gethostname(), os.getpid(), self.queues)

    def place_files(self) -> None:
        """Publish what was committed by a worker that died before it could."""
        publication.put_in_place(self.store, standing.unpublished())

    def keep_valkey(self) -> None:
        """Start the private Valkey again when it is silent."""
        if self.valkey is not None:
            self.valkey.ensure()

    def notice_a_flush(self) -> None:
        """When the broker has lost everything, let every pending job be sent again."""
        if self.broker.was_emptied():
            outbox.forget_deliveries()

    def send(self) -> None:
        """Send what is due and was not sent."""
        self.broker.send(outbox.undelivered())

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
