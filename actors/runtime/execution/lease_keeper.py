"""Renewing the lease of the job that runs."""

from __future__ import annotations

import time
from contextlib import suppress

from errors import LedgerUnavailable
from storage.ledger import leases
from storage.ledger.claims import Claim

#: How often the lease is renewed, which is also how soon a cancelled job's process is killed.
RENEWAL_SECONDS = 1.0


class LeaseKeeper:
    """Keeps one job's lease for as long as `renew_when_due` is called often enough.

    Attributes:
        interval: Time between two renewals, seconds.
    """

    def __init__(self, claim: Claim, lease_seconds: float) -> None:
        self._claim = claim
        self._lease_seconds = lease_seconds
        self.interval = min(RENEWAL_SECONDS, lease_seconds / 4)
        self._due_at = time.monotonic() + self.interval

    def renew_when_due(self) -> None:
        """Renew the lease if it is time.

        Raises:
            StaleLease: The job is no longer this worker's.
        """
        now = time.monotonic()
        if now < self._due_at:
            return
        # While the ledger is away the stage goes on: if the ledger is back before the lease ends,
        # nothing is lost. If not, the token refuses the stage's outcome. The steward logs the
        # outage.
        with suppress(LedgerUnavailable):
            leases.renew(self._claim, self._lease_seconds)
        self._due_at = now + self.interval
