"""Progress on its way out: a few times a second to the ledger, as it comes to Redis."""

from __future__ import annotations

import json
import time
from typing import Any

import redis

from actors.child import Progressed
from actors.stage import Stage
from errors import LedgerUnavailable
from storage import ledger
from storage.ledger import Claim

LEDGER_INTERVAL_SECONDS = 0.3


class ProgressChannel:
    """Publishes to `{channel}:{task_id}` in Redis database 2; the task id is the job's id.

    Redis gets every message and may lose them; the ledger has the newest one soon enough.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._written_at = 0.0

    def report(self, claim: Claim, stage: Stage, progress: Progressed) -> None:
        """Pass one message on.

        Raises:
            StaleLease: The job is no longer this worker's.
        """
        percent = round(min(max(progress.percent, 0), 100))
        self._publish(
            stage,
            claim,
            status="running",
            progress=percent,
            message=progress.message,
            epoch=progress.epoch,
            loss=progress.loss,
        )
        now = time.monotonic()
        if now - self._written_at >= LEDGER_INTERVAL_SECONDS:
            self._written_at = now
            try:
                ledger.report_progress(claim, percent, progress.message)
            except LedgerUnavailable:
                return  # The lease says it, once; progress alone is not worth a line.

    def ended(self, claim: Claim, stage: Stage | None) -> None:
        """Say that the job has come to its end; the ledger knows which."""
        if stage is not None:
            self._publish(stage, claim, status="ended", progress=100, message="")

    def _publish(self, stage: Stage, claim: Claim, **state: Any) -> None:
        message = {
            "task_id": claim.job_id,
            "machine_id": claim.machine_id,
            "stage": stage.name,
            "ts": round(time.time() * 1000),
            **state,
        }
        try:
            self._client.publish(f"{stage.channel}:{claim.job_id}", json.dumps(message))
        except (redis.ConnectionError, redis.TimeoutError):
            return  # Whoever listens reads the ledger when the channel is silent.
