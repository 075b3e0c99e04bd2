"""A cache of valid sessions, so that the ledger is not asked for each request."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass

from anyio import to_thread

from api.auth.uses import Uses
from storage.clients import sessions, tokens
from storage.clients.sessions import Session

#: How long a session stays valid before its row is read again, seconds. A session that has ended,
#: or whose token was revoked, may still be used for this long.
FRESH_SECONDS = 1.0


@dataclass(frozen=True)
class _Entry:
    session: Session
    read_at: float


class SessionCache:
    """This process's valid sessions, by the SHA-256 of their secrets.

    Invalid ones are not cached, so the cache is never larger than the number of sessions begun.
    """

    def __init__(self) -> None:
        self._entries: dict[bytes, _Entry] = {}
        self._uses = Uses()

    async def check(self, secret: str) -> Session | None:
        """The session with this secret; None if it has ended.

        Raises:
            LedgerUnavailable: The ledger does not answer.
        """
        key = _key(secret)
        entry = self._entries.get(key)
        if entry is not None and time.monotonic() - entry.read_at < FRESH_SECONDS:
            return entry.session
        read_at = time.monotonic()
        found = await to_thread.run_sync(sessions.find, secret)
        if found is None:
            self.forget(secret)
            return None
        self._entries[key] = _Entry(found, read_at)

        def write() -> None:
            sessions.note_use(secret)
            tokens.note_use(found.token.id)

        self._uses.note(key, write)
        return found

    def forget(self, secret: str) -> None:
        """Forget a session that has ended."""
        key = _key(secret)
        self._entries.pop(key, None)
        self._uses.forget(key)


def _key(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
