"""Access tokens of the HTTP service.

A token is `ff_<id>_<secret>`. The id is public and identifies the row; only the Argon2 hash of the
secret is stored. Rows remain after a token is revoked or has expired: if a token was ever made,
every client needs one.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from typing import Any

import peewee
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from errors import InvalidInput, NotFound, Problem
from storage.database import after, forgettable_transaction, now_ms, reading, transaction
from storage.tables import ApiToken

#: Each scope includes the ones before it.
SCOPES = ("read", "write", "admin")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_TOKEN = re.compile(r"ff_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")

# OWASP's minimum for Argon2id. A secret of 256 random bits cannot be guessed, so more would only
# make wrong tokens more expensive for the service.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

_DAY_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Token:
    """A token without its secret. Times are ms since 1970.

    Attributes:
        id: Public part of the token.
        name: Unique among the tokens that are not revoked.
        scope: One of `SCOPES`.
        state: `usable`, `expired` or `revoked`.
        expires_at: End of its validity; None: it never expires.
        last_used_at: Accurate to the minute.
    """

    id: str
    name: str
    scope: str
    state: str
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    last_used_at: int | None


@dataclass(frozen=True)
class StoredToken:
    """A token with the hash of its secret."""

    token: Token
    secret_hash: str = field(repr=False)


@dataclass(frozen=True)
class NewToken:
    """A token with the text that its client sends; the ledger does not have that text."""

    token: Token
    written: str = field(repr=False)


def create(name: str, scope: str, days: int | None = None) -> NewToken:
    """Make a token.

    Args:
        name: A name that no other token has, except revoked ones.
        scope: One of `SCOPES`.
        days: Days until it expires; None: never.

    Raises:
        InvalidInput: The name is malformed or taken.
    """
    if not _NAME.fullmatch(name):
        advice = (
            "write up to 60 letters, digits, dots, dashes, underscores; a letter or digit first"
        )
        raise InvalidInput("tokens", [Problem("NAME", f"not a name: '{name}'", advice)])
    token_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    row = {
        "id": token_id,
        "name": name,
        "scope": scope,
        "secret_hash": _HASHER.hash(secret),
        "created_at": now_ms(),
        "expires_at": None if days is None else after(days * _DAY_SECONDS),
    }
    try:
        with transaction():
            ApiToken.insert(**row).execute()
    except peewee.IntegrityError:
        advice = "choose another name, or revoke that token first"
        raise InvalidInput("tokens", [Problem("NAME", f"'{name}' is taken", advice)]) from None
    (made,) = _read(ApiToken.id == token_id)
    return NewToken(made.token, f"ff_{token_id}_{secret}")


def tokens() -> list[Token]:
    """All tokens, the oldest first."""
    return [stored.token for stored in _read()]


def revoke(name: str) -> Token:
    """Revoke a token; running services notice within two seconds.

    Raises:
        NotFound: No token has this name, apart from revoked ones.
    """
    with transaction():
        rows = _read(ApiToken.name == name, ApiToken.revoked_at.is_null())
        if not rows:
            raise NotFound(f"no token '{name}' to revoke", kind="token")
        ApiToken.update(revoked_at=now_ms()).where(ApiToken.id == rows[0].token.id).execute()
        (revoked,) = _read(ApiToken.id == rows[0].token.id)
    return revoked.token


def find(token_id: str) -> StoredToken | None:
    """The token with this public part."""
    return next(iter(_read(ApiToken.id == token_id)), None)


def any_made() -> bool:
    """Whether a token was ever made, including revoked and expired ones."""
    with reading():
        return bool(ApiToken.select().exists())


def note_use(token_id: str) -> None:
    """Record that a token is used now."""
    with forgettable_transaction():
        ApiToken.update(last_used_at=now_ms()).where(ApiToken.id == token_id).execute()


def parsed(written: str) -> tuple[str, str] | None:
    """Id and secret of a token as a client sends it; None if the text is not a token."""
    match = _TOKEN.fullmatch(written)
    return (match[1], match[2]) if match else None


def matches(secret_hash: str, secret: str) -> bool:
    """Whether a secret has this hash. Constant time; takes tens of ms."""
    try:
        return _HASHER.verify(secret_hash, secret)
    except VerifyMismatchError:
        return False


def decoy_hash() -> str:
    """A hash to compare a secret with when its token's id does not exist.

    Without it, such a token would be refused faster, and timing would reveal which ids exist.
    """
    return _HASHER.hash(secrets.token_urlsafe(32))


def _read(*conditions: Any) -> list[StoredToken]:
    expired = ApiToken.expires_at.is_null(False) & (ApiToken.expires_at <= now_ms())
    state = peewee.Case(
        None, [(ApiToken.revoked_at.is_null(False), "revoked"), (expired, "expired")], "usable"
    )
    with reading():
        query: Any = ApiToken.select(ApiToken, state.alias("state")).order_by(
            ApiToken.created_at, ApiToken.id
        )
        rows = list((query.where(*conditions) if conditions else query).dicts())
    return [StoredToken(secret_hash=row.pop("secret_hash"), token=Token(**row)) for row in rows]
