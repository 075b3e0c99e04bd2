"""Running one job: claim it, run its stage in a child, keep the lease, write the outcome."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import redis
import structlog

from actors.child import Assignment, Child, Died, Failed, Finished, Message, Progressed
from actors.progress import ProgressChannel
from actors.stage import STAGES, Stage
from errors import LedgerUnavailable, StaleLease
from events.bus import Send, as_fact, deliver
from events.vocabulary import EVENT_TYPES, StageFailed, read_event
from storage import ledger, publication, standing
from storage.artifacts import ArtifactStore, staging_prefix
from storage.facts import Fact, Written
from storage.ledger import Claim
from storage.settings import Settings

#: How often the lease is renewed, which is also how soon a cancelled job's child is killed.
RENEWAL_SECONDS = 1.0
LEDGER_PAUSE_SECONDS = 1.0

T = TypeVar("T")


class Stopped(Exception):
    """This worker was asked to stop while a stage was running."""


def _prefix(claim: Claim, token: int) -> str:
    return staging_prefix(claim.machine_id, claim.job_id, token)


def failure_fact(claim: Claim, reason: str) -> Fact:
    """The StageFailed that ends a job for good."""
    event = StageFailed(
        machine_id=claim.machine_id, stage=claim.stage, reason=reason, job_id=claim.job_id
    )
    return as_fact(event, claim.correlation_id, claim.event_id)


@dataclass
class Runner:
    """Runs jobs, one at a time, for one worker.

    Attributes:
        progress: A client of the Redis database for progress.
        stopping: Set it, and a running stage is handed back after the grace.
    """

    settings: Settings
    worker_id: str
    store: ArtifactStore
    send: Send
    progress: redis.Redis
    stopping: threading.Event = field(default_factory=threading.Event)

    def run_job(self, job_id: int) -> None:
        """What a message asks for; does nothing if the job is not there to be taken."""
        log = structlog.get_logger().bind(job=job_id)
        try:
            claim = ledger.claim(job_id, self.worker_id, self.settings.lease_seconds)
        except LedgerUnavailable as error:
            log.warning("job not taken", reason=str(error))
            return
        if claim is None:
            return
        log = log.bind(
            machine=claim.machine_id, stage=claim.stage, correlation=claim.correlation_id[:8]
        )
        log.info("started", token=claim.token)
        began = time.monotonic()
        try:
            ended = self._run(claim, log)
        except StaleLease:
            ended = "lost: cancelled, deleted or taken by another worker"
        except Stopped:
            ended = self._hand_back(claim)
        except LedgerUnavailable:
            ended = "left to the stewards: stopping, and the ledger does not answer"
        log.info(ended, seconds=round(time.monotonic() - began, 2))

    def _run(self, claim: Claim, log: structlog.BoundLogger) -> str:
        stage = STAGES.get(claim.stage)
        if stage is None:
            reason = f"this worker knows no stage '{claim.stage}'; update it"
            outcome: Message = Failed(reason, retryable=False, details="")
        else:
            outcome = self._in_child(claim, stage, log)
        written = self._insist(lambda: self._write(claim, outcome, log))
        if not isinstance(outcome, Finished):
            self.store.delete_staged(_prefix(claim, claim.token))
        deliver(written.jobs, self.send)
        self._insist(lambda: self._publish(claim))
        if stage is not None:
            ProgressChannel(self.progress, claim, stage).ended()
        return "finished" if isinstance(outcome, Finished) else "failed"

    def _hand_back(self, claim: Claim) -> str:
        try:
            deliver([ledger.release(claim)], self.send)
        except (StaleLease, LedgerUnavailable) as error:
            return f"not handed back: {error}"
        return "handed back"

    def _in_child(self, claim: Claim, stage: Stage, log: structlog.BoundLogger) -> Message:
        files = self._insist(lambda: standing.files(claim.machine_id))
        assignment = Assignment(
            module=stage.function.__module__,
            function=stage.function.__name__,
            claim=claim,
            artifact_root=self.settings.artifact_root,
            home=self.settings.home,
            files=files,
        )
        for token in range(1, claim.token):  # What earlier attempts left half-written.
            self.store.delete_staged(_prefix(claim, token))
        child = Child(assignment)
        try:
            return self._follow(child, claim, ProgressChannel(self.progress, claim, stage), log)
        except (StaleLease, Stopped):
            # Only here, before any commit: once one may have happened, the files may be the
            # ledger's, even if the worker never heard so.
            child.kill()
            self.store.delete_staged(_prefix(claim, claim.token))
            raise
        finally:
            child.close()

    def _follow(
        self, child: Child, claim: Claim, channel: ProgressChannel, log: structlog.BoundLogger
    ) -> Message:
        """Pass progress on and keep the lease until the child has said its last word."""
        renew_at = 0.0
        stop_at: float | None = None
        while True:
            message = child.next_message(RENEWAL_SECONDS / 4)
            if isinstance(message, Progressed):
                log.info(message.message, percent=round(message.percent))
                channel.report(message)
            elif message is not None:
                return message
            channel.write()
            now = time.monotonic()
            if now >= renew_at:
                self._renew(claim)
                renew_at = now + min(RENEWAL_SECONDS, self.settings.lease_seconds / 4)
            if self.stopping.is_set():
                stop_at = stop_at or now + self.settings.grace_seconds
                if now >= stop_at:
                    raise Stopped

    def _renew(self, claim: Claim) -> None:
        try:
            ledger.renew(claim, self.settings.lease_seconds)
        except LedgerUnavailable as error:
            # The child goes on: if the ledger is back before the lease ends nothing was lost,
            # and if not the token refuses what it made.
            structlog.get_logger().warning("lease not renewed", reason=str(error))

    def _write(self, claim: Claim, outcome: Message, log: structlog.BoundLogger) -> Written:
        match outcome:
            case Finished(event_type, payload, artifacts):
                event = read_event(event_type, claim.machine_id, payload)
                fact = as_fact(event, claim.correlation_id, claim.event_id)
                if EVENT_TYPES[event_type] is StageFailed:
                    log.warning("gave up", reason=payload["reason"])
                    return ledger.conclude_failed(claim, payload["reason"], fact, artifacts)
                return ledger.complete(claim, fact, artifacts)
            case Failed(reason, retryable, details):
                log.warning("attempt failed", reason=reason, retryable=retryable)
                if details and retryable:
                    log.warning("traceback", traceback=details)
                fact = failure_fact(claim, reason)
                return ledger.fail(claim, reason, fact, retryable=retryable)
            case Died(reason):
                log.warning("child died", reason=reason)
                return ledger.crash(claim, reason, failure_fact(claim, reason))
            case _:
                raise AssertionError(outcome)

    def _publish(self, claim: Claim) -> None:
        try:
            publication.put_in_place(self.store, standing.files_of_job(claim.job_id))
        except OSError as error:  # The steward tries again.
            structlog.get_logger().warning("not published yet", reason=str(error))

    def _insist(self, action: Callable[[], T]) -> T:
        """Do it as soon as the ledger answers: an outcome must not be lost to a restart of it."""
        complained = False
        while True:
            try:
                return action()
            except LedgerUnavailable as error:
                if self.stopping.is_set():
                    raise
                if not complained:
                    structlog.get_logger().warning("waiting for the ledger", reason=str(error))
                complained = True
                self.stopping.wait(LEDGER_PAUSE_SECONDS)
