"""The steward: a thread in every worker that repairs what failed workers left. It has no leader.

Every duty is safe to repeat and safe to run twice at once, so any number of stewards may run.
"""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field

import structlog

from actors.broker.client import Broker
from actors.broker.valkey import EmbeddedValkey
from actors.runtime.duties.heartbeat import Heartbeat
from actors.runtime.duties.overdue_report import OverdueReport
from actors.runtime.duties.publication import Publication
from actors.runtime.duties.queue_settings import QueueSettings
from actors.runtime.duties.redelivery import Redelivery
from actors.runtime.duties.renewal_grace import RenewalGrace
from actors.runtime.duties.rescue import Rescue
from actors.runtime.duties.troubles import TroubleLog, perform
from errors import LedgerUnavailable, SchemaTooNew
from storage.artifacts.store import ArtifactStore
from storage.ledger import outbox
from storage.schema import refuse_newer_schema

PERIOD_SECONDS = 2.0
#: The same while something does not answer, so that work goes on soon after it answers again.
TROUBLED_PERIOD_SECONDS = 0.5
#: Shortest pause between two looks, seconds.
SHORTEST_PAUSE_SECONDS = 0.02


@dataclass
class Steward:
    """Performs the duties for as long as its worker lives.

    Attributes:
        valkey: The private Valkey to start again when it is silent; None with a real server.
        overdue_factor: As in the settings.
        wake: Set it when a job has become due that the worker does not send itself.
        lost: Whether `run` ended by an unexpected error.
    """

    worker_id: str
    served: list[str]
    broker: Broker
    store: ArtifactStore
    valkey: EmbeddedValkey | None
    overdue_factor: float = 3.0
    wake: threading.Event = field(default_factory=threading.Event)
    lost: bool = False

    def __post_init__(self) -> None:
        self._grace = RenewalGrace()
        self._troubles = TroubleLog()
        self.heartbeat = Heartbeat(self.worker_id, self.served, self._grace)
        self.queue_settings = QueueSettings(self.broker)
        self.rescue = Rescue(self.heartbeat, self._grace, self.broker.send)
        self.publication = Publication(self.store)
        self.redelivery = Redelivery(self.broker)
        self.overdue_report = OverdueReport(self.overdue_factor, self.broker.send)

    def run(self, stopping: threading.Event) -> None:
        """Perform all duties every two seconds or so, and the urgent ones whenever due.

        A job that becomes due and a lease that ends are urgent. An unexpected error ends the
        worker too: a worker without a steward would stall in silence one day, and a new worker is
        soon started.
        """
        round_at = 0.0
        try:
            while not stopping.is_set():
                if time.monotonic() >= round_at:
                    self._troubles.update(self.look())
                    troubled = self._troubles.current
                    period = TROUBLED_PERIOD_SECONDS if troubled else PERIOD_SECONDS
                    round_at = time.monotonic() + period * random.uniform(0.75, 1.25)
                else:
                    perform((self.rescue.take_back, self.redelivery.send_due), self._grace)
                self.wake.wait(self._pause(round_at - time.monotonic()))
                self.wake.clear()
        except SchemaTooNew as error:
            structlog.get_logger().error("stopping", reason=str(error))
        finally:
            self.lost = not stopping.is_set()
            stopping.set()

    def look(self) -> dict[str, str]:
        """Perform every duty once.

        Returns:
            What went wrong, with the reason.
        """
        return perform(
            (
                refuse_newer_schema,
                self.heartbeat.beat,
                self.queue_settings.refresh,
                self.rescue.take_back,
                self.publication.publish,
                self._keep_valkey,
                self.redelivery.send_all,
                self.overdue_report.publish,
            ),
            self._grace,
        )

    def _keep_valkey(self) -> None:
        if self.valkey is not None:
            self.valkey.ensure()

    def _pause(self, to_next_round: float) -> float:
        try:
            to_next_job = outbox.seconds_to_next()
        except LedgerUnavailable:
            to_next_job = None
        pause = to_next_round if to_next_job is None else min(to_next_round, to_next_job)
        return max(pause, SHORTEST_PAUSE_SECONDS)
