"""Noting in the ledger that the worker is alive."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence

from actors.runtime.duties.renewal_grace import RenewalGrace
from storage.ledger import workers

#: A ledger that takes this long to note a beat was as good as away, seconds.
LATE_SECONDS = 1.0


class Heartbeat:
    """The worker's heartbeat; it grants the renewal grace when the ledger was slow to take it.

    Attributes:
        ready: Whether the worker takes jobs; set it once its libraries are loaded.
    """

    def __init__(self, worker_id: str, served: Sequence[str], grace: RenewalGrace) -> None:
        self._worker_id = worker_id
        self._served = list(served)
        self._grace = grace
        self.ready = False
        self._was_late = False

    def beat(self) -> None:
        """Note that the worker is alive."""
        began = time.monotonic()
        workers.beat(
            *(self._worker_id, socket.gethostname(), os.getpid(), self._served), ready=self.ready
        )
        late = time.monotonic() - began > LATE_SECONDS
        if late and not self._was_late:  # A ledger that stays slow must not delay rescues forever.
            self._grace.grant()
        self._was_late = late
