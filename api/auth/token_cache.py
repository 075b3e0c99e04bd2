"""A cache of valid tokens, so Argon2 runs once for each token and not for each request."""

from __future__ import annotations

import asyncio
import hashlib
import time
from dataclasses import dataclass
from functools import partial

from anyio import to_thread

from api.auth.uses import Uses
from storage.clients import tokens
from storage.clients.tokens import StoredToken, Token

#: How long a token stays valid before its row is read again, seconds. A revoked token may still
#: be used for this long.
FRESH_SECONDS = 1.0


@dataclass(frozen=True)
class _Entry:
    stored: StoredToken
    read_at: float


class TokenCache:
    """This process's valid tokens: the ledger's row by the SHA-256 of the token.

    Invalid tokens are not cached, so the cache is never larger than the number of tokens made.
    """

    def __init__(self) -> None:
        self._entries: dict[bytes, _Entry] = {}
        self._one_made = False
        self._none_made_at = float("-inf")
        self._decoy_hash: str | None = None
        # Argon2 takes 19 MiB and tens of ms: unknown clients must not run it many times at once.
        self._hashing = asyncio.Lock()
        self._uses = Uses()

    async def check(self, written: str) -> Token | None:
        """The token that a client has sent, or None if it is not valid.

        Raises:
            LedgerUnavailable: The ledger does not answer.
        """
        parts = tokens.parsed(written)
        if parts is None:
            return None
        digest = hashlib.sha256(written.encode()).digest()
        entry = self._entries.get(digest)
        if entry is not None and time.monotonic() - entry.read_at < FRESH_SECONDS:
            return entry.stored.token
        read_at = time.monotonic()
        stored = await to_thread.run_sync(tokens.find, parts[0])
        fits = await self._fits(digest, stored, parts[1])
        if stored is None or not fits or stored.token.state != "usable":
            self._entries.pop(digest, None)
            return None
        self._entries[digest] = _Entry(stored, read_at)
        self._uses.note(parts[0], partial(tokens.note_use, parts[0]))
        return stored.token

    async def none_made(self) -> bool:
        """Whether no token was ever made.

        Raises:
            LedgerUnavailable: The ledger does not answer.
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
            if self._has_fitted(digest, stored):  # A concurrent request checked the same token.
                return True
            if self._decoy_hash is None:
                self._decoy_hash = await to_thread.run_sync(tokens.decoy_hash)
            # An unknown id takes as long as a known one, so timing does not reveal which ids exist.
            secret_hash = self._decoy_hash if stored is None else stored.secret_hash
            return await to_thread.run_sync(tokens.matches, secret_hash, secret)

    def _has_fitted(self, digest: bytes, stored: StoredToken | None) -> bool:
        entry = self._entries.get(digest)
        return (
            entry is not None
            and stored is not None
            and entry.stored.secret_hash == stored.secret_hash
        )
