"""Tokens that were found to be good: Argon2 is run once for each, not for each request."""

from __future__ import annotations

import asyncio
import hashlib
import time
from contextlib import suppress
from dataclasses import dataclass

from anyio import to_thread

from errors import LedgerUnavailable
from storage.clients import tokens
from storage.clients.tokens import StoredToken, Token

_USE_NOTED_EVERY_SECONDS = 60.0

#: How long a token counts as good before the ledger is asked again, seconds: so long a revoked one
#: may still be used.
FRESH_SECONDS = 1.0


@dataclass(frozen=True)
class _Known:
    stored: StoredToken
    read_at: float


class KnownTokens:
    """What this process knows about tokens.

    A token's SHA-256 leads to the row that it was found to fit. Only tokens that are good are
    remembered, so there are never more than were made.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, _Known] = {}
        self._one_made = False
        self._none_made_at = float("-inf")
        self._hash_of_nobody: str | None = None
        # Argon2 takes 19 MiB and tens of ms: strangers must not have it run many times at once.
        self._hashing = asyncio.Lock()
        self._noted_at: dict[str, float] = {}
        self._notes: set[asyncio.Task[None]] = set()

    async def check(self, written: str) -> Token | None:
        """The token that a client has sent, or None if it is not good.

        Raises:
            LedgerUnavailable: It cannot be looked up.
        """
        parts = tokens.parsed(written)
        if parts is None:
            return None
        digest = hashlib.sha256(written.encode()).digest()
        known = self._known.get(digest)
        if known is not None and time.monotonic() - known.read_at < FRESH_SECONDS:
            return known.stored.token
        read_at = time.monotonic()
        stored = await to_thread.run_sync(tokens.find, parts[0])
        fits = await self._fits(digest, stored, parts[1])
        if stored is None or not fits or stored.token.state != "usable":
            self._known.pop(digest, None)
            return None
        self._known[digest] = _Known(stored, read_at)
        self._note_use(stored.token.id)
        return stored.token

    async def none_made(self) -> bool:
        """Whether no token was ever made.

        Raises:
            LedgerUnavailable: It cannot be looked up.
        """
        if not self._one_made and time.monotonic() - self._none_made_at >= FRESH_SECONDS:
            asked_at = time.monotonic()
            self._one_made = await to_thread.run_sync(tokens.any_made)
            self._none_made_at = asked_at
        return not self._one_made

    async def _fits(self, digest: bytes, stored: StoredToken | None, secret: str) -> bool:
        if self._has_fitted(digest, stored):
            return True
        async with self._hashing:
            if self._has_fitted(digest, stored):  # The same token came twice at once.
                return True
            if self._hash_of_nobody is None:
                self._hash_of_nobody = await to_thread.run_sync(tokens.hash_of_nobody)
            # For an id that there is not it takes as long: nobody must learn which there are.
            secret_hash = self._hash_of_nobody if stored is None else stored.secret_hash
            return await to_thread.run_sync(tokens.matches, secret_hash, secret)

    def _has_fitted(self, digest: bytes, stored: StoredToken | None) -> bool:
        known = self._known.get(digest)
        return (
            known is not None
            and stored is not None
            and known.stored.secret_hash == stored.secret_hash
        )

    def _note_use(self, token_id: str) -> None:
        """Keep when the token was used, behind the answer's back: a write may have to wait."""
        now = time.monotonic()
        if now - self._noted_at.get(token_id, float("-inf")) < _USE_NOTED_EVERY_SECONDS:
            return
        self._noted_at[token_id] = now

        async def note() -> None:
            with suppress(LedgerUnavailable):  # It is said by whoever needs the ledger.
                await to_thread.run_sync(tokens.note_use, token_id)

        task = asyncio.create_task(note())
        self._notes.add(task)
        task.add_done_callback(self._notes.discard)
