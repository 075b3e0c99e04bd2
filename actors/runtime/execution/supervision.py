"""Running a job in a child process: assign it, keep its lease, pass its progress on, end it."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

import structlog

from actors.runtime.child import Child
from actors.runtime.execution.lease_keeper import LeaseKeeper
from actors.runtime.progress import ProgressChannel
from actors.runtime.stage_process import Assignment, Finished, Message, Progressed
from errors import StaleLease


class Stopped(Exception):
    """This worker was asked to stop while a stage was running."""


class ChildSupervisor:
    """Owns the worker's child process and runs one job at a time in it.

    Args:
        lease_seconds: How long a lease lasts after each renewal, seconds.
        grace_seconds: How long a running stage may go on after `stopping` is set, seconds.
        stopping: Set when the worker stops.
    """

    def __init__(
        self, lease_seconds: float, grace_seconds: float, stopping: threading.Event
    ) -> None:
        self._lease_seconds = lease_seconds
        self._grace_seconds = grace_seconds
        self._stopping = stopping
        self._child: Child | None = None
        self._spent = False

    def prepare(self) -> Child:
        """Have a process ready for the next job."""
        if self._child is not None and (self._spent or not self._child.alive):
            self._child.close()
            self._child = None
        self._child = self._child or Child()
        self._spent = False
        return self._child

    def close(self) -> None:
        """Kill the process, even if it runs a job."""
        if self._child is not None:
            self._child.kill()  # Not closed: the thread of such a job still reads from it.
            self._child = None

    def run(self, assignment: Assignment, channel: ProgressChannel) -> Message:
        """Run a job to its end.

        Args:
            assignment: The job.
            channel: Where its progress goes.

        Returns:
            The last message of the process.

        Raises:
            StaleLease: The job is no longer this worker's; its process is dead.
            Stopped: The worker stops and the grace is over; the process is dead.
        """
        child = self.prepare()
        child.assign(assignment)
        structlog.get_logger().info("started")
        self._spent = True
        try:
            outcome = self._follow(
                child, LeaseKeeper(assignment.claim, self._lease_seconds), channel
            )
        except (StaleLease, Stopped):
            child.kill()
            raise
        self._spent = not (isinstance(outcome, Finished) and outcome.again)
        return outcome

    def _follow(self, child: Child, lease: LeaseKeeper, channel: ProgressChannel) -> Message:
        stop_at: float | None = None
        while True:
            message = child.next_message(lease.interval / 4)
            if message is not None and not isinstance(message, Progressed):
                with suppress(StaleLease):  # If the lease was lost, the ledger refuses the outcome.
                    channel.write(last=True)
                return message
            # Before progress is written: a worker that slept may have lost the job.
            lease.renew_when_due()
            if message is not None:
                structlog.get_logger().info(message.message, percent=round(message.percent))
                channel.report(message)
            channel.write()
            if self._stopping.is_set():
                now = time.monotonic()
                stop_at = stop_at or now + self._grace_seconds
                if now >= stop_at:
                    raise Stopped
