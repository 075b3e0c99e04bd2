"""Reporting stages that take much longer than ever before."""

from __future__ import annotations

import time
from dataclasses import replace

import structlog

from events.bus import Send, deliver, new_event
from events.vocabulary import StageOverdue
from storage.ledger.event_log import NewEvent
from storage.operations import overdue
from storage.operations.overdue import Overdue

#: Time between two searches, seconds.
PERIOD_SECONDS = 10.0


class OverdueReport:
    """Publishes StageOverdue, once for each attempt that is late.

    Args:
        factor: As `overdue_factor` in the settings.
        send: Gives jobs to the broker.
    """

    def __init__(self, factor: float, send: Send) -> None:
        self._factor = factor
        self._send = send
        self._due_at = 0.0

    def publish(self) -> None:
        """Look for late jobs if it is time, and publish what is new."""
        if time.monotonic() < self._due_at:
            return
        self._due_at = time.monotonic() + PERIOD_SECONDS
        for late in overdue.find(self._factor):
            event = _event(late)
            written = overdue.report(late, _notice(event, late))
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
            deliver(written.jobs, self._send)


def _event(late: Overdue) -> StageOverdue:
    return StageOverdue(
        machine_id=late.machine_id,
        stage=late.stage,
        job_id=late.job_id,
        waited_seconds=round(late.waited_ms / 1000),
        expected_seconds=round(late.expected_ms / 1000),
    )


def _notice(event: StageOverdue, late: Overdue) -> NewEvent:
    notice = new_event(event, late.correlation_id, causation_id=late.event_id)
    return replace(notice, chain=late.chain)
