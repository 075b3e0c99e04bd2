"""Running one job: claim it, run its stage in a child, keep the lease, write the outcome."""

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
from actors.runtime.child import Child
from actors.runtime.log import fields_of
from actors.runtime.progress import ProgressChannel
from actors.runtime.stage_process import Assignment, Died, Failed, Finished, Message, Progressed
from actors.stage import STAGES, Stage
from errors import LedgerUnavailable, StaleLease
from events.bus import Send, deliver, new_event
from events.vocabulary import StageFailed, read_event
from storage.artifacts import publishing, registry
from storage.artifacts.store import ArtifactStore, staging_prefix
from storage.ledger import leases, outbox
from storage.ledger.event_log import NewEvent, Written
from storage.ledger.leases import Claim
from storage.settings import Settings

#: How often the lease is renewed, which is also how soon a cancelled job's child is killed.
RENEWAL_SECONDS = 1.0
LEDGER_PAUSE_SECONDS = 0.5
#: Longest pause of a worker after attempts that failed one after the other, seconds.
LONGEST_HOLD_SECONDS = 30.0

#: What the log and the metrics call the end of a run.
_ENDS = {Finished: "finished", Failed: "failed", Died: "crashed"}

T = TypeVar("T")


class Stopped(Exception):
    """This worker was asked to stop while a stage was running."""


def failure_event(claim: Claim, reason: str) -> NewEvent:
    """The StageFailed that ends a job for good."""
    event = StageFailed(
        machine_id=claim.machine_id, stage=claim.stage, reason=reason, job_id=claim.job_id
    )
    return new_event(event, claim.correlation_id)


@dataclass
class Runner:
    """Runs jobs, one at a time, for one worker.

    Attributes:
        progress: A client of the Redis database for progress.
        stopping: Set it, and a running stage is handed back after the grace.
        wake: Called when the steward should look what it can send.
    """

    settings: Settings
    worker_id: str
    store: ArtifactStore
    send: Send
    progress: redis.Redis
    stopping: threading.Event = field(default_factory=threading.Event)
    wake: Callable[[], None] = lambda: None
    _child: Child | None = None
    _spent: bool = False
    _failures: int = 0

    def prepare(self) -> Child:
        """Have a process ready for the next job."""
        if self._child is not None and (self._spent or not self._child.alive):
            self._child.close()
            self._child = None
        self._child = self._child or Child()
        self._spent = False
        return self._child

    def close(self) -> None:
        """End the process that is ready, or that runs a job whose outcome nobody waits for."""
        if self._child is not None:
            self._child.kill()  # Not closed: the thread of such a job still listens to it.
            self._child = None

    def run_job(self, job_id: int) -> None:
        """What a message asks for; does nothing if the job is not there to be taken."""
        if self.stopping.is_set():
            with suppress(LedgerUnavailable):
                outbox.not_sent([job_id])  # For the steward of another worker.
            return
        try:
            claim = self._insist(
                lambda: leases.claim(job_id, self.worker_id, self.settings.lease_seconds)
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
            self._hold_back()

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
        written = self._commit(claim, outcome)
        deliver(written.jobs, self.send)
        if not isinstance(outcome, Finished):
            self._sweep(claim, claim.token)
        elif outcome.artifacts:
            self._insist(lambda: self._publish(claim))
        if stage is not None:
            ProgressChannel(self.progress, claim, stage).ended()
        self._failures = self._failures + 1 if _may_be_the_workers_fault(outcome) else 0
        return _ENDS[type(outcome)]

    def _commit(self, claim: Claim, outcome: Message) -> Written:
        try:
            return self._insist(lambda: self._write(claim, outcome))
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

    def _hold_back(self) -> None:
        """Leave work to others while everything fails here, be it a full disk.

        A worker that fails fast would otherwise be the first to take each job, and use up the
        attempts of all of them.
        """
        if self._failures > 1:
            self.stopping.wait(min(LONGEST_HOLD_SECONDS, 2.0 ** (self._failures - 2)))

    def _in_child(self, claim: Claim, stage: Stage) -> Message:
        assignment = Assignment(
            module=stage.function.__module__,
            function=stage.function.__name__,
            claim=claim,
            artifact_root=self.settings.artifact_root,
            home=self.settings.home,
            files=self._insist(lambda: registry.of_machine(claim.machine_id)),
        )
        if claim.token > 1:
            self._sweep_earlier_attempts(claim)
        child = self.prepare()
        child.assign(assignment)
        structlog.get_logger().info("started")
        self._spent = True
        try:
            outcome = self._follow(child, claim, ProgressChannel(self.progress, claim, stage))
        except (StaleLease, Stopped):
            # Only here, before any commit: once one may have happened, the files may be the
            # ledger's, even if the worker never heard so.
            child.kill()
            self._sweep(claim, claim.token)
            raise
        self._spent = not (isinstance(outcome, Finished) and outcome.again)
        return outcome

    def _follow(self, child: Child, claim: Claim, channel: ProgressChannel) -> Message:
        """Pass progress on and keep the lease until the child has said its last word."""
        renewal = min(RENEWAL_SECONDS, self.settings.lease_seconds / 4)
        renew_at = time.monotonic() + renewal
        stop_at: float | None = None
        while True:
            message = child.next_message(renewal / 4)
            if message is not None and not isinstance(message, Progressed):
                with suppress(StaleLease):  # If the lease was lost, the ledger refuses the outcome.
                    channel.write(last=True)
                return message
            now = time.monotonic()
            if now >= renew_at:
                # Before anything is passed on: a worker that slept may have lost the job.
                self._renew(claim)
                renew_at = now + renewal
            if message is not None:
                structlog.get_logger().info(message.message, percent=round(message.percent))
                channel.report(message)
            channel.write()
            if self.stopping.is_set():
                stop_at = stop_at or now + self.settings.grace_seconds
                if now >= stop_at:
                    raise Stopped

    def _renew(self, claim: Claim) -> None:
        # While the ledger is away the stage goes on: if it is back before the lease ends nothing
        # was lost, and if not the token refuses what the stage made. The steward says that it is.
        with suppress(LedgerUnavailable):
            leases.renew(claim, self.settings.lease_seconds)

    def _write(self, claim: Claim, outcome: Message) -> Written:
        log = structlog.get_logger()
        match outcome:
            case Finished():
                event = read_event(outcome.event_type, claim.machine_id, outcome.payload)
                record = new_event(event, claim.correlation_id)
                if isinstance(event, StageFailed):
                    log.warning("gave up", reason=event.reason)
                    return leases.conclude_failed(claim, event.reason, record, outcome.artifacts)
                return leases.complete(claim, record, outcome.artifacts)
            case Failed(reason, retryable, details):
                log.warning("attempt failed", reason=reason, retryable=retryable)
                if details and retryable:
                    log.warning("traceback", traceback=details)
                record = failure_event(claim, reason)
                return leases.fail(claim, reason, record, retryable=retryable)
            case Died(reason):
                log.warning("child died", reason=reason)
                return leases.crash(claim, reason, failure_event(claim, reason))
            case _:
                raise AssertionError(outcome)

    def _publish(self, claim: Claim) -> None:
        try:
            publishing.put_in_place(self.store, registry.of_job(claim.job_id))
        except OSError as error:  # The steward tries again.
            structlog.get_logger().warning("not published yet", reason=str(error))

    def _sweep_earlier_attempts(self, claim: Claim) -> None:
        """Remove what they left half-written; not the files of one that ended by giving up."""
        files = self._insist(lambda: registry.of_job(claim.job_id))
        kept = {file.staged_key for file in files}
        for token in range(1, claim.token):
            prefix = staging_prefix(claim.machine_id, claim.job_id, token)
            if not any(key.startswith(f"{prefix}/") for key in kept):
                self._sweep(claim, token)

    def _sweep(self, claim: Claim, token: int) -> None:
        """Remove what an attempt has staged; what cannot be removed now is left to `gc`."""
        try:
            self.store.delete_staged(staging_prefix(claim.machine_id, claim.job_id, token))
        except OSError as error:
            structlog.get_logger().warning("not swept", reason=str(error))

    def _insist(self, action: Callable[[], T]) -> T:
        """Do it as soon as the ledger answers: an outcome must not be lost to a restart of it."""
        while True:
            try:
                return action()
            except LedgerUnavailable:
                if self.stopping.is_set():
                    raise
                self.stopping.wait(LEDGER_PAUSE_SECONDS)


def _left(error: LedgerUnavailable) -> tuple[str, str]:
    """What becomes of a job whose worker stops while the ledger is away: its lease ends."""
    return "left to the stewards", f"stopping, and {error}"


def _may_be_the_workers_fault(outcome: Message) -> bool:
    return isinstance(outcome, Failed) and outcome.retryable
