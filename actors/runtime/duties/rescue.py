"""Taking jobs back from workers that no longer renew their lease."""

from __future__ import annotations

import structlog

from actors.runtime import metrics
from actors.runtime.duties.heartbeat import Heartbeat
from actors.runtime.duties.renewal_grace import RenewalGrace
from actors.runtime.execution.outcomes import failure_event
from actors.runtime.log import fields_of
from errors import StaleLease
from events.bus import Send, deliver
from storage.ledger import claims, leases
from storage.ledger.claims import Claim

_REASON = "its worker stopped renewing the lease"


class Rescue:
    """Counts an expired lease as a crash of its job, so that another worker can run it."""

    def __init__(self, heartbeat: Heartbeat, grace: RenewalGrace, send: Send) -> None:
        self._heartbeat = heartbeat
        self._grace = grace
        self._send = send

    def take_back(self) -> None:
        """Take back every job whose lease has expired, unless the renewal grace lasts.

        Leases expire as well while the ledger is away, or while another process holds SQLite's
        one write lock for long. Their workers are well and get the time to renew them.
        """
        if self._grace.lasts:
            return
        expired = claims.expired()
        if expired:
            # This write waits for the lock if those workers have to, and grants the grace then.
            self._heartbeat.beat()
        if self._grace.lasts:
            return
        for claim in expired:
            self._crash(claim)

    def _crash(self, claim: Claim) -> None:
        try:
            written = leases.crash(
                claim, _REASON, failure_event(claim, _REASON), lease_expired=True
            )
        except StaleLease:
            return  # Another steward was quicker, or the worker woke up.
        metrics.RESCUES.inc()
        structlog.get_logger().warning("rescued", **fields_of(claim))
        deliver(written.jobs, self._send)
