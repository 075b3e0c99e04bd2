"""Writing when a token or a session was used, in the background: a write may have to wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

from anyio import to_thread

from errors import LedgerUnavailable

#: How often the time of the last use is written, seconds.
_EVERY_SECONDS = 60.0


class Uses:
    """What was used, and when this was last written."""

    def __init__(self) -> None:
        self._noted_at: dict[object, float] = {}
        self._writes: set[asyncio.Task[None]] = set()

    def note(self, key: object, write: Callable[[], None]) -> None:
        """Write a use, unless it was written lately.

        Args:
            key: What was used.
            write: Writes it.
        """
        now = time.monotonic()
        if now - self._noted_at.get(key, float("-inf")) < _EVERY_SECONDS:
            return
        self._noted_at[key] = now

        async def write_it() -> None:
            with suppress(LedgerUnavailable):  # Requests that need the ledger report this.
                await to_thread.run_sync(write)

        task = asyncio.create_task(write_it())
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)

    def forget(self, key: object) -> None:
        """Forget what can no longer be used."""
        self._noted_at.pop(key, None)
