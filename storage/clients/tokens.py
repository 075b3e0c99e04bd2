"""Tokens: who may come in over HTTP.

A token is `ff_<id>_<secret>`. The id is public and finds the row; of the secret only the Argon2
hash is kept. Rows stay after a token is revoked or has expired: whether one was ever made decides
whether tokens are asked for at all.
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

#: Each may do what those before it may.
SCOPES = ("read", "write", "admin")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_TOKEN = re.compile(r"ff_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")

# OWASP's least for Argon2id. No more is needed where a secret of 256 random bits cannot be guessed,
# and whoever sends wrong tokens makes the service pay for each of them.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

_DAY_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Token:
    """A token as it may be shown.

    Attributes:
        id: Its public part.
        name: What it is called; of those not revoked each has its own.
        scope: What it may do.
        state: `usable`, `expired` or `revoked`.
        created_at: When it was made, ms since 1970; so are the other times.
        expires_at: Until when it is good; None means for ever.
        last_used_at: When it was used, to the minute.
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
    """A token and, this once, what its client has to send."""

    token: Token
    written: str = field(repr=False)


def create(name: str, scope: str, days: int | None = None) -> NewToken:
    """Make a token.

    Args:
        name: What it is called.
        scope: One of `SCOPES`.
        days: How long it is good; None means for ever.

    Raises:
        InvalidInput: The name is none, or another token has it.
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
        advice = f"take another name, or first: fleetforge tokens revoke {name}"
        raise InvalidInput("tokens", [Problem("NAME", f"'{name}' is taken", advice)]) from None
    (made,) = _read(ApiToken.id == token_id)
    return NewToken(made.token, f"ff_{token_id}_{secret}")


def tokens() -> list[Token]:
    """Every token that was made, the oldest first."""
    return [stored.token for stored in _read()]


def revoke(name: str) -> Token:
    """Make a token worthless; running services notice within two seconds.

    Raises:
        NotFound: No token has this name that is not revoked already.
    """
    with transaction():
        rows = _read(ApiToken.name == name, ApiToken.revoked_at.is_null())
        if not rows:
            raise NotFound(f"no token '{name}' to revoke; see: fleetforge tokens list")
        ApiToken.update(revoked_at=now_ms()).where(ApiToken.id == rows[0].token.id).execute()
        (revoked,) = _read(ApiToken.id == rows[0].token.id)
    return revoked.token


def find(token_id: str) -> StoredToken | None:
    """The token with this public part."""
    return next(iter(_read(ApiToken.id == token_id)), None)


def any_made() -> bool:
    """Whether a token was ever made, be it revoked or expired by now."""
    with reading():
        return bool(ApiToken.select().exists())


def note_use(token_id: str) -> None:
    """Keep that a token is used now."""
    with forgettable_transaction():
        ApiToken.update(last_used_at=now_ms()).where(ApiToken.id == token_id).execute()


def parsed(written: str) -> tuple[str, str] | None:
    """Public part and secret of what a client has sent; None if it has not a token's form."""
    match = _TOKEN.fullmatch(written)
    return (match[1], match[2]) if match else None


def matches(secret_hash: str, secret: str) -> bool:
    """Whether a secret has this hash; compared in constant time, which takes tens of ms."""
    try:
        return _HASHER.verify(secret_hash, secret)
    except VerifyMismatchError:
        return False


def decoy_hash() -> str:
    """The hash of a secret that is not known to anyone.

    A token whose id does not exist is compared with it, so that it takes as long as one whose id
    does.
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
