"""Publishing progress: a few times a second to the ledger, and then to Redis."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from math import isfinite

import redis

from actors.runtime.stage_process import Progressed
from actors.stage import Stage
from errors import LedgerUnavailable
from storage.ledger import leases
from storage.ledger.claims import Claim
from storage.queries import task_states
from storage.queries.task_states import TaskState
from storage.status import JobStatus

LEDGER_INTERVAL_SECONDS = 0.3

#: How long nothing is sent to a Redis that did not answer, seconds: each try may take half a second
#: of the time in which the lease has to be renewed.
SILENCE_SECONDS = 2.0


class ProgressChannel:
    """One job's channel: `{channel}:{task_id}` in Redis database 2; the task id is the job's id.

    Each state that the ledger has is published to Redis too, as a `TaskState` in JSON, so that
    clients need not poll. Redis may lose it: a listener also reads the ledger now and then.
    """

    def __init__(self, client: redis.Redis, claim: Claim, stage: Stage) -> None:
        self._client = client
        self._claim = claim
        self._stage = stage
        self._unwritten: Progressed | None = None
        self._written_at = 0.0
        self._silent_until = 0.0

    def report(self, progress: Progressed) -> None:
        """Keep the newest message for `write`."""
        self._unwritten = progress

    def write(self, *, last: bool = False) -> None:
        """Write the newest message, unless another was written just before; call it often.

        Args:
            last: The stage has ended: its last message is written in any case.

        Raises:
            StaleLease: The job is no longer this worker's.
        """
        now, newest = time.monotonic(), self._unwritten
        if newest is None or (now - self._written_at < LEDGER_INTERVAL_SECONDS and not last):
            return
        # JSON has no NaN and no infinity.
        loss = newest.loss if newest.loss is not None and isfinite(newest.loss) else None
        percent = round(min(max(newest.percent, 0), 100))
        try:
            seq = leases.report_progress(self._claim, percent, newest.message, newest.epoch, loss)
        except LedgerUnavailable:
            return  # The steward logs the outage; lost progress needs no line.
        self._unwritten, self._written_at = None, now
        self._publish(
            TaskState(
                machine_id=self._claim.machine_id,
                task_id=self._claim.job_id,
                stage=self._stage.name,
                status=JobStatus.RUNNING.value,
                progress=percent,
                epoch=newest.epoch,
                loss=loss,
                message=newest.message,
                seq=seq,
                chain=self._claim.chain,
            )
        )

    def ended(self) -> None:
        """Publish the job's final state, as the ledger has it."""
        try:
            states = task_states.of_tasks([self._claim.job_id])
        except LedgerUnavailable:
            return
        for state in states:
            self._publish(state)

    def _publish(self, state: TaskState) -> None:
        if time.monotonic() < self._silent_until:
            return
        channel = f"{self._stage.channel}:{self._claim.job_id}"
        try:
            self._client.publish(channel, json.dumps(asdict(state)))
        except redis.RedisError:
            self._silent_until = time.monotonic() + SILENCE_SECONDS
