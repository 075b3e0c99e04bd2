"""The steward: a thread in every worker that mends what others left. There is no leader.

Every look is safe to repeat and safe to make twice at once, so any number of stewards may run.
"""

from __future__ import annotations

import os
import random
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import structlog

from actors.broker.client import Broker
from actors.broker.valkey import EmbeddedValkey
from actors.runtime import metrics
from actors.runtime.log import fields_of
from actors.runtime.runner import failure_event
from errors import BrokerUnavailable, LedgerUnavailable, StaleLease
from events.bus import deliver, new_event
from events.vocabulary import StageOverdue
from storage import database
from storage.artifacts import publishing, registry
from storage.artifacts.store import ArtifactStore
from storage.ledger import leases, outbox, queues, workers
from storage.operations import overdue

PERIOD_SECONDS = 2.0
#: The same while something does not answer, so that work goes on soon after it does again.
TROUBLED_PERIOD_SECONDS = 0.5
#: Shortest pause between two looks, seconds.
SHORTEST_PAUSE_SECONDS = 0.02

#: How long workers have to renew their leases once the ledger answers again, seconds.
RENEWAL_PATIENCE_SECONDS = 3.0

#: A ledger that takes this long to note a beat was as good as away, seconds.
LATE_SECONDS = 1.0

#: How often a steward looks for stages that take too long, seconds.
OVERDUE_PERIOD_SECONDS = 10.0

#: A job that was sent this long ago and that nobody has taken may have been lost on the way.
DELIVERY_PATIENCE_SECONDS = 3.0


@dataclass
class Steward:
    """Looks after the ledger for as long as its worker lives.

    Attributes:
        valkey: The private Valkey to start again when it is silent; None with a real server.
        overdue_factor: As in the settings.
        wake: Set it when a job has become due that the worker does not send itself.
        lost: Whether `run` ended by an error that it does not know.
    """

    worker_id: str
    served: list[str]
    broker: Broker
    store: ArtifactStore
    valkey: EmbeddedValkey | None
    overdue_factor: float = 3.0
    wake: threading.Event = field(default_factory=threading.Event)
    lost: bool = False
    _rescues_from: float = 0.0
    _was_late: bool = False
    _overdue_at: float = 0.0
    _troubles: dict[str, str] = field(default_factory=dict)

    def run(self, stopping: threading.Event) -> None:
        """Look every two seconds or so, and when a job gets due or a lease ends.

        What ends it unexpectedly ends its worker too: a worker without a steward would stall in
        silence one day, and a new one is soon started.
        """
        round_at = 0.0
        try:
            while not stopping.is_set():
                if time.monotonic() >= round_at:
                    self._complain(self.look())
                    period = TROUBLED_PERIOD_SECONDS if self._troubles else PERIOD_SECONDS
                    round_at = time.monotonic() + period * random.uniform(0.75, 1.25)
                else:
                    self._do(self.rescue, self.send)
                self.wake.wait(self._pause(round_at - time.monotonic()))
                self.wake.clear()
        finally:
            self.lost = not stopping.is_set()
            stopping.set()

    def look(self) -> dict[str, str]:
        """One round; what went wrong in it. A step that cannot be done holds up no other.

        Returns:
            Each trouble with its reason. A server that is away has many ways to say so, and is
            one trouble.
        """
        return self._do(
            self.beat,
            self.heed_queues,
            self.rescue,
            self.place_files,
            self.keep_valkey,
            self.send_all,
            self.tell_of_overdue,
        )

    def _do(self, *steps: Callable[[], None]) -> dict[str, str]:
        troubles: dict[str, str] = {}
        for step in steps:
            try:
                step()
            except LedgerUnavailable as error:
                troubles.setdefault("ledger", str(error))
                self._leave_time_to_renew()
            except BrokerUnavailable as error:
                troubles.setdefault("broker", str(error))
            except OSError as error:
                troubles[str(error)] = str(error)
        return troubles

    def _complain(self, now: dict[str, str]) -> None:
        """Say what is wrong when it begins and when it ends, not every two seconds."""
        for trouble in sorted(now.keys() - self._troubles.keys()):
            structlog.get_logger().warning("waiting", reason=now[trouble])
        if self._troubles and not now:
            structlog.get_logger().info("all is well again")
        self._troubles = now

    def _pause(self, to_next_round: float) -> float:
        try:
            to_next_job = outbox.seconds_to_next()
        except LedgerUnavailable:
            to_next_job = None
        pause = to_next_round if to_next_job is None else min(to_next_round, to_next_job)
        return max(pause, SHORTEST_PAUSE_SECONDS)

    def beat(self) -> None:
        """Note that the worker is alive."""
        began = time.monotonic()
        workers.beat(self.worker_id, socket.gethostname(), os.getpid(), self.served)
        late = time.monotonic() - began > LATE_SECONDS
        if late and not self._was_late:  # One that stays slow must not put rescues off for ever.
            self._leave_time_to_renew()
        self._was_late = late

    def _leave_time_to_renew(self) -> None:
        self._rescues_from = time.monotonic() + RENEWAL_PATIENCE_SECONDS

    def heed_queues(self) -> None:
        """Let the worker take from its queues as the ledger prefers them, and show how they are."""
        standings = queues.standings()
        self.broker.prefer({name: queue.priority for name, queue in standings.items()})
        metrics.show_queues(standings, database.clock_ms())

    def rescue(self) -> None:
        """Take jobs back from workers that no longer renew their lease.

        After the ledger was away, or SQLite's one lock was taken for long, leases have ended
        whose workers are well: they get the time to renew them.
        """
        if time.monotonic() < self._rescues_from:
            return
        lapsed = leases.expired()
        if lapsed:
            self.beat()  # It waits for the lock if those workers have to.
        if time.monotonic() < self._rescues_from:
            return
        for claim in lapsed:
            reason = "its worker stopped renewing the lease"
            try:
                written = leases.crash(
                    claim, reason, failure_event(claim, reason), lease_expired=True
                )
            except StaleLease:
                continue  # Another steward was quicker, or the worker woke up.
            metrics.RESCUES.inc()
            structlog.get_logger().warning("rescued", **fields_of(claim))
            deliver(written.jobs, self.broker.send)

    def tell_of_overdue(self) -> None:
        """Publish that a stage takes much longer than ever before, once."""
        if time.monotonic() < self._overdue_at:
            return
        self._overdue_at = time.monotonic() + OVERDUE_PERIOD_SECONDS
        for late in overdue.find(self.overdue_factor):
            event = StageOverdue(
                machine_id=late.machine_id,
                stage=late.stage,
                job_id=late.job_id,
                waited_seconds=round(late.waited_ms / 1000),
                expected_seconds=round(late.expected_ms / 1000),
            )
            notice = replace(
                new_event(event, late.correlation_id, causation_id=late.event_id), chain=late.chain
            )
            written = overdue.report(late, notice)
            if written.event_id is not None:
                structlog.get_logger().warning(
                    "overdue",
                    job=late.job_id,
                    machine=late.machine_id,
                    stage=late.stage,
                    event_id=late.event_id,
                    correlation=late.correlation_id,
                    waited_seconds=event.waited_seconds,
                    expected_seconds=event.expected_seconds,
                )
            deliver(written.jobs, self.broker.send)

    def place_files(self) -> None:
        """Publish what was committed by a worker that died before it could."""
        publishing.put_in_place(self.store, registry.unpublished())

    def keep_valkey(self) -> None:
        """Start the private Valkey again when it is silent."""
        if self.valkey is not None:
            self.valkey.ensure()

    def send_all(self) -> None:
        """Send what is due and not with the broker, or was lost on its way there."""
        self.notice_a_flush()
        self.send()
        self.send_again()

    def notice_a_flush(self) -> None:
        """When the broker has lost everything, let every pending job be sent again."""
        if self.broker.was_emptied():
            outbox.forget_deliveries()

    def send(self) -> None:
        """Send what is due and was not sent, as far as its queue has room."""
        while jobs := outbox.take_unsent(queues.standings()):
            try:
                self.broker.send(jobs)
            except BrokerUnavailable:
                outbox.not_sent([job.job_id for job in jobs])
                raise

    def send_again(self) -> None:
        """Send jobs whose message may be lost, never more than the queue is short of."""
        for name, queue in queues.standings().items():
            missing = queue.due - self.broker.depth(name)
            if missing > 0:
                jobs = outbox.overdue_deliveries(name, DELIVERY_PATIENCE_SECONDS, missing)
                self.broker.send(jobs)
                outbox.sent_again([job.job_id for job in jobs])
