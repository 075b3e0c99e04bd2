"""Sessions of web pages: a cookie in place of a token, which scripts cannot read.

Who has a token gets a session of it: a secret of 256 random bits, of which the ledger has the
SHA-256 only. It ends with its token, when it was not used for long, and after some days.

A code is exchanged for a session once, within a minute. So a command can open a page that is logged
in, and its address is worth nothing afterwards.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field

from errors import InvalidInput, Problem
from storage.clients import tokens
from storage.clients.tokens import Token
from storage.database import execute, forgettable_transaction, reading, transaction

_MS = 1_000
_HOUR = 3_600 * _MS

#: A session ends when it was not used for so long, and after so long, ms.
IDLE_MS, LONGEST_MS = 12 * _HOUR, 7 * 24 * _HOUR
#: How long a code is valid, ms.
CODE_MS = 60 * _MS

#: Sessions of one token; a further one ends the oldest.
MOST_SESSIONS = 20


@dataclass(frozen=True)
class Session:
    """A session that is valid.

    Attributes:
        token: Its token.
        expires_at: When it ends, however much it is used, ms since 1970.
    """

    token: Token
    expires_at: int


@dataclass(frozen=True)
class NewSession:
    """A session with its secret, which the ledger does not have."""

    session: Session
    secret: str = field(repr=False)


def begin(token: Token) -> NewSession:
    """Begin a session of a token that is usable."""
    secret = secrets.token_urlsafe(32)
    with transaction():
        execute(_ADD, sha256=_sha256(secret), token=token.id, is_code=False)
        execute(_END_OLDEST, token=token.id, most=MOST_SESSIONS)
    found = find(secret)
    if found is None:
        raise _unusable(token.name)
    return NewSession(found, secret)


def find(secret: str) -> Session | None:
    """The session with this secret; None if it has ended."""
    with reading():
        rows = execute(_FIND, sha256=_sha256(secret), **_LIMITS)
    if not rows:
        return None
    ((token_id, created_at),) = rows
    stored = tokens.find(token_id)
    if stored is None or stored.token.state != "usable":
        return None
    ends = [created_at + LONGEST_MS, stored.token.expires_at]
    return Session(stored.token, min(end for end in ends if end is not None))


def note_use(secret: str) -> None:
    """Record that a session is used now."""
    with forgettable_transaction():
        execute(_USE, sha256=_sha256(secret))


def end(secret: str) -> None:
    """End a session, if there is one."""
    with transaction():
        execute(_END, sha256=_sha256(secret))


def new_code(token: Token) -> str:
    """A code that can be exchanged for a session of a token.

    Raises:
        InvalidInput: The token is revoked or has expired.
    """
    if token.state != "usable":
        raise _unusable(token.name)
    code = secrets.token_urlsafe(32)
    with transaction():
        execute(_ADD, sha256=_sha256(code), token=token.id, is_code=True)
    return code


def exchange(code: str) -> NewSession | None:
    """The session for a code; None if the code is wrong, too old, or was exchanged before."""
    with transaction():
        rows = execute(_TAKE, sha256=_sha256(code), age=CODE_MS)
    stored = tokens.find(rows[0][0]) if rows else None
    if stored is None or stored.token.state != "usable":
        return None
    return begin(stored.token)


def count_ended() -> int:
    """How many rows `forget_ended` would remove; call inside `reading`."""
    ((count,),) = execute(f"SELECT COUNT(*) FROM sessions WHERE {_ENDED}", **_ENDED_LIMITS)
    return int(count)


def forget_ended() -> None:
    """Remove sessions that have ended and codes that are too old; call inside a transaction."""
    execute(f"DELETE FROM sessions WHERE {_ENDED}", **_ENDED_LIMITS)


def _sha256(secret: str) -> str:
    # The secret has 256 random bits, so a slow hash would protect nothing.
    return hashlib.sha256(secret.encode()).hexdigest()


def _unusable(name: str) -> InvalidInput:
    advice = "choose another token; see: fleetforge tokens list"
    return InvalidInput("session", [Problem("", f"token '{name}' is not usable", advice)])


_LIMITS = {"idle": IDLE_MS, "longest": LONGEST_MS}
_ENDED_LIMITS = _LIMITS | {"code": CODE_MS}

_ADD = """
INSERT INTO sessions (secret_sha256, token_id, is_code, created_at, used_at)
VALUES (:sha256, :token, :is_code, {now}, {now})
"""

_END_OLDEST = """
DELETE FROM sessions WHERE secret_sha256 IN (
    SELECT secret_sha256 FROM sessions WHERE token_id = :token AND NOT is_code
    ORDER BY created_at DESC, secret_sha256 LIMIT 1000000 OFFSET :most
)
"""

_FIND = """
SELECT token_id, created_at FROM sessions
WHERE secret_sha256 = :sha256 AND NOT is_code
    AND used_at >= {now} - :idle AND created_at >= {now} - :longest
"""

_USE = "UPDATE sessions SET used_at = {now} WHERE secret_sha256 = :sha256"

_END = "DELETE FROM sessions WHERE secret_sha256 = :sha256"

_TAKE = """
DELETE FROM sessions WHERE secret_sha256 = :sha256 AND is_code AND created_at >= {now} - :age
RETURNING token_id
"""

_ENDED = """
used_at < {now} - :idle OR created_at < {now} - :longest
OR is_code AND created_at < {now} - :code
OR token_id IN (
    SELECT id FROM api_tokens WHERE revoked_at IS NOT NULL OR expires_at < {now}
)
"""
