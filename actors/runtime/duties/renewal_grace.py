"""Time that workers get to renew their leases after an outage of the ledger."""

from __future__ import annotations

import time

#: How long workers have to renew their leases once the ledger answers again, seconds.
RENEWAL_PATIENCE_SECONDS = 3.0


class RenewalGrace:
    """While it lasts, no job is taken back: its worker may be well and about to renew the lease."""

    def __init__(self) -> None:
        self._until = 0.0

    def grant(self) -> None:
        """Start it, or start it again."""
        self._until = time.monotonic() + RENEWAL_PATIENCE_SECONDS

    @property
    def lasts(self) -> bool:
        """Whether workers still have time to renew."""
        return time.monotonic() < self._until
