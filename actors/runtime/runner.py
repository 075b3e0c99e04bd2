"""Running one job: claim it, run its stage in a child process, write the outcome."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

import redis
import structlog
from structlog.contextvars import bound_contextvars

from actors.runtime import metrics
from actors.runtime.execution.backoff import BackOff
from actors.runtime.execution.ledger_retry import until_ledger_answers
from actors.runtime.execution.outcomes import write_outcome
from actors.runtime.execution.publisher import Publisher
from actors.runtime.execution.staging import StagingArea
from actors.runtime.execution.supervision import ChildSupervisor, Stopped
from actors.runtime.log import fields_of
from actors.runtime.progress import ProgressChannel
from actors.runtime.stage_process import Assignment, Died, Failed, Finished, Message, Postponed
from actors.stage import STAGES, Stage
from errors import LedgerUnavailable, StaleLease
from events.bus import Send, deliver
from storage.artifacts import registry
from storage.artifacts.store import ArtifactStore
from storage.ledger import claims, leases, outbox
from storage.ledger.claims import Claim
from storage.ledger.event_log import Written
from storage.settings import Settings

#: What the log and the metrics call the end of a run.
_ENDS = {Finished: "finished", Failed: "failed", Postponed: "postponed", Died: "crashed"}

T = TypeVar("T")


@dataclass
class Runner:
    """Runs jobs, one at a time, for one worker.

    Attributes:
        progress: A client of the Redis database for progress.
        stopping: Set it, and a running stage is handed back after the grace.
        wake: Called when the steward should look for jobs to send.
    """

    settings: Settings
    worker_id: str
    store: ArtifactStore
    send: Send
    progress: redis.Redis
    stopping: threading.Event = field(default_factory=threading.Event)
    wake: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self._supervisor = ChildSupervisor(
            self.settings.lease_seconds, self.settings.grace_seconds, self.stopping
        )
        self._staging = StagingArea(self.store)
        self._publisher = Publisher(self.store)
        self._back_off = BackOff()

    def prepare(self) -> None:
        """Have a process ready for the next job."""
        self._supervisor.prepare()

    def close(self) -> None:
        """End the worker's process, even if it runs a job."""
        self._supervisor.close()

    def run_job(self, job_id: int) -> None:
        """Run the job that a message names; do nothing if it cannot be claimed."""
        if self.stopping.is_set():
            with suppress(LedgerUnavailable):
                outbox.not_sent([job_id])  # For the steward of another worker.
            return
        try:
            claim = self._insist(
                lambda: claims.claim(job_id, self.worker_id, self.settings.lease_seconds)
            )
        except LedgerUnavailable:
            return  # Stopping; the steward of another worker finds that the message is missing.
        if claim is None:
            self.wake()  # If its queue was full, there may be room by now.
            return
        with bound_contextvars(**fields_of(claim)):
            self._run_claimed(claim)
        if not self.stopping.is_set():
            self.prepare()
            self.stopping.wait(self._back_off.seconds)

    def _run_claimed(self, claim: Claim) -> None:
        log = structlog.get_logger()
        began = time.monotonic()
        why = ""
        try:
            ended = self._run(claim)
        except StaleLease:
            ended, why = "lost", "cancelled, deleted or taken by another worker"
        except Stopped:
            ended, why = self._hand_back(claim)
        except LedgerUnavailable as error:
            ended, why = _left(error)
        seconds = time.monotonic() - began
        log.info(ended, seconds=round(seconds, 3), **({"reason": why} if why else {}))
        if claim.limited or ended != _ENDS[Finished]:
            self.wake()  # Another job may start now, or this one again after a pause.
        metrics.JOBS.labels(claim.stage, ended).inc()
        metrics.JOB_SECONDS.labels(claim.stage).observe(seconds)

    def _run(self, claim: Claim) -> str:
        stage = STAGES.get(claim.stage)
        if stage is None:
            reason = f"this worker knows no stage '{claim.stage}'; update it"
            outcome: Message = Failed(reason, retryable=False, details="")
        else:
            outcome = self._in_child(claim, stage)
        written = self._commit(claim, outcome, stage)
        deliver(written.jobs, self.send)
        if isinstance(outcome, Finished) and outcome.artifacts:
            self._insist(lambda: self._publisher.publish(claim))
        else:
            self._staging.sweep(claim)
        if stage is not None:
            ProgressChannel(self.progress, claim, stage).ended()
        self._back_off.note(outcome)
        return _ENDS[type(outcome)]

    def _in_child(self, claim: Claim, stage: Stage) -> Message:
        takes = stage.takes
        assignment = Assignment(
            module=stage.function.__module__,
            function=stage.function.__name__,
            claim=claim,
            artifact_root=self.settings.artifact_root,
            home=self.settings.home,
            files=self._insist(lambda: registry.of_machine(claim.machine_id)),
            taken=self._insist(lambda: takes(claim)) if takes is not None else None,
        )
        self._insist(lambda: self._staging.sweep_earlier_attempts(claim))
        try:
            return self._supervisor.run(assignment, ProgressChannel(self.progress, claim, stage))
        except (StaleLease, Stopped):
            # Only here, before any commit: once one may have happened, the files may be the
            # ledger's, even if the worker never got its answer.
            self._staging.sweep(claim)
            raise

    def _commit(self, claim: Claim, outcome: Message, stage: Stage | None) -> Written:
        try:
            return self._insist(lambda: write_outcome(claim, outcome, stage))
        except StaleLease:
            metrics.REFUSED.inc()
            structlog.get_logger().warning("refused", outcome=type(outcome).__name__.lower())
            raise

    def _hand_back(self, claim: Claim) -> tuple[str, str]:
        try:
            deliver([leases.release(claim)], self.send)
        except StaleLease as error:
            return "lost", str(error)
        except LedgerUnavailable as error:
            return _left(error)
        return "handed back", "stopping"

    def _insist(self, action: Callable[[], T]) -> T:
        return until_ledger_answers(action, self.stopping)


def _left(error: LedgerUnavailable) -> tuple[str, str]:
    """How a job ends whose worker stops while the ledger is away: its lease expires."""
    return "left to the stewards", f"stopping, and {error}"
