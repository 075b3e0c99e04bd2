"""Progress on its way out: a few times a second to the ledger, and from there to Redis."""

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
from storage.ledger.leases import Claim
from storage.queries import task_states
from storage.queries.task_states import TaskState

LEDGER_INTERVAL_SECONDS = 0.3

#: How long nothing goes to a Redis that did not answer, seconds: each try may take half a second
#: from the time in which the lease has to be renewed.
SILENCE_SECONDS = 2.0


class ProgressChannel:
    """One job's channel: `{channel}:{task_id}` in Redis database 2; the task id is the job's id.

    What the ledger has taken goes to Redis as well, a `TaskState` in JSON, so that nobody has to
    ask again and again. Redis may lose it: whoever listens also looks into the ledger now and then.
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
        """Bring the ledger up to date, unless that was done just now; call it often.

        Args:
            last: The stage has ended: what it said last is written in any case.

        Raises:
            StaleLease: The job is no longer this worker's.
        """
        now, news = time.monotonic(), self._unwritten
        if news is None or (now - self._written_at < LEDGER_INTERVAL_SECONDS and not last):
            return
        # No JSON can spell what is no number.
        loss = news.loss if news.loss is not None and isfinite(news.loss) else None
        percent = round(min(max(news.percent, 0), 100))
        try:
            seq = leases.report_progress(self._claim, percent, news.message, news.epoch, loss)
        except LedgerUnavailable:
            return  # The renewal of the lease says so; progress alone is not worth a line.
        self._unwritten, self._written_at = None, now
        self._publish(
            TaskState(
                machine_id=self._claim.machine_id,
                task_id=self._claim.job_id,
                stage=self._stage.name,
                status="running",
                progress=percent,
                epoch=news.epoch,
                loss=loss,
                message=news.message,
                seq=seq,
                chain=self._claim.chain,
            )
        )

    def ended(self) -> None:
        """Say how the job has come to its end, as the ledger has it."""
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
