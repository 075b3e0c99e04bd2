"""Progress on its way out: a few times a second to the ledger, as it comes to Redis."""

from __future__ import annotations

import json
import time
from typing import Any

import redis

from actors.stage import Stage
from actors.stage_process import Progressed
from errors import LedgerUnavailable
from storage import ledger
from storage.ledger import Claim

LEDGER_INTERVAL_SECONDS = 0.3

#: How long nothing goes to a Redis that did not answer, seconds: each try may take half a second
#: from the time in which the lease has to be renewed.
SILENCE_SECONDS = 2.0


class ProgressChannel:
    """One job's channel: `{channel}:{task_id}` in Redis database 2; the task id is the job's id.

    Redis gets every message and may lose them; the ledger has the newest one soon enough. Each
    carries the claim's token: of two workers that speak for one job the higher token is right.
    """

    def __init__(self, client: redis.Redis, claim: Claim, stage: Stage) -> None:
        self._client = client
        self._claim = claim
        self._stage = stage
        self._unwritten: tuple[int, str, int | None, float | None] | None = None
        self._written_at = 0.0
        self._silent_until = 0.0

    def report(self, progress: Progressed) -> None:
        """Pass one message on to Redis, and keep it for the ledger."""
        percent = round(min(max(progress.percent, 0), 100))
        self._unwritten = (percent, progress.message, progress.epoch, progress.loss)
        self._publish(
            status="running",
            progress=percent,
            message=progress.message,
            epoch=progress.epoch,
            loss=progress.loss,
        )

    def write(self) -> None:
        """Bring the ledger up to date, unless that was done just now; call it often.

        Raises:
            StaleLease: The job is no longer this worker's.
        """
        now = time.monotonic()
        if self._unwritten is None or now - self._written_at < LEDGER_INTERVAL_SECONDS:
            return
        try:
            ledger.report_progress(self._claim, *self._unwritten)
        except LedgerUnavailable:
            return  # The renewal of the lease says so; progress alone is not worth a line.
        self._unwritten, self._written_at = None, now

    def ended(self) -> None:
        """Say that the job has come to its end; the ledger knows which."""
        self._publish(status="ended", progress=100, message="")

    def _publish(self, **state: Any) -> None:
        if time.monotonic() < self._silent_until:
            return
        message = {
            "task_id": self._claim.job_id,
            "token": self._claim.token,
            "machine_id": self._claim.machine_id,
            "stage": self._stage.name,
            "ts": round(time.time() * 1000),
            **state,
        }
        try:
            self._client.publish(f"{self._stage.channel}:{self._claim.job_id}", json.dumps(message))
        except redis.RedisError:
            # Whoever listens reads the ledger when the channel is silent.
            self._silent_until = time.monotonic() + SILENCE_SECONDS
