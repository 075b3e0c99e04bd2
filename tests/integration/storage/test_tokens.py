"""Tokens in the ledger, on both databases."""

from __future__ import annotations

import pytest

from errors import InvalidInput, NotFound
from storage.clients import tokens
from storage.database import database, execute
from storage.settings import Settings
from storage.tables import ApiToken


def expire(name: str) -> None:
    """Let a token expire."""
    ApiToken.update(expires_at=ApiToken.created_at - 1).where(ApiToken.name == name).execute()


def test_a_token_is_found_by_its_public_part_and_fits_its_secret(ledger: Settings) -> None:
    made = tokens.create("ci", "write")
    parts = tokens.parsed(made.written)
    assert parts is not None
    token_id, secret = parts
    stored = tokens.find(token_id)
    assert stored is not None
    assert stored.token == made.token
    assert tokens.matches(stored.secret_hash, secret)
    other = tokens.parsed(tokens.create("other", "write").written)
    assert other is not None
    assert not tokens.matches(stored.secret_hash, other[1])
    assert tokens.find("0" * 12) is None


def test_the_secret_is_kept_as_an_argon2_hash_alone_and_shown_in_no_repr(ledger: Settings) -> None:
    made = tokens.create("ci", "read")
    secret = made.written.split("_", 2)[2]
    (row,) = database.execute_sql("SELECT * FROM api_tokens").fetchall()
    assert secret not in str(row)
    stored = tokens.find(made.token.id)
    assert stored is not None
    assert stored.secret_hash.startswith("$argon2id$")
    assert stored.secret_hash not in repr(stored)
    assert secret not in repr(made)


def test_a_token_never_expires_or_after_a_number_of_days(ledger: Settings) -> None:
    assert tokens.create("for_ever", "read").token.expires_at is None
    token = tokens.create("a_while", "read", days=2).token
    assert token.expires_at is not None
    assert 0 <= token.expires_at - token.created_at - 2 * 24 * 3600 * 1000 < 10_000
    expire("a_while")
    assert [one.state for one in tokens.tokens()] == ["usable", "expired"]


def test_a_revoked_token_stays_listed_and_its_name_is_free_again(ledger: Settings) -> None:
    first = tokens.create("ci", "read").token
    assert tokens.revoke("ci").state == "revoked"
    second = tokens.create("ci", "admin").token
    assert first.id != second.id
    listed = {token.id: token.state for token in tokens.tokens()}
    assert listed == {first.id: "revoked", second.id: "usable"}
    assert tokens.revoke("ci").id == second.id
    with pytest.raises(NotFound, match="no token 'ci' to revoke"):
        tokens.revoke("ci")


def test_two_valid_tokens_cannot_have_the_same_name(ledger: Settings) -> None:
    tokens.create("ci", "read")
    with pytest.raises(InvalidInput, match="revoke that token first"):
        tokens.create("ci", "read")
    expire("ci")
    with pytest.raises(InvalidInput, match="'ci' is taken"):
        tokens.create("ci", "read")
    assert len(tokens.tokens()) == 1


@pytest.mark.parametrize("name", ["", "-x", "a b", "a\n", "ä", "a" * 61, "../x", "x'--"])
def test_a_malformed_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="not a name"):
        tokens.create(name, "read")


def test_a_revoked_token_still_counts_as_made(ledger: Settings) -> None:
    assert not tokens.any_made()
    tokens.create("ci", "read")
    assert tokens.any_made()
    tokens.revoke("ci")
    assert tokens.any_made()


def test_a_use_is_recorded(ledger: Settings) -> None:
    made = tokens.create("ci", "read").token
    assert made.last_used_at is None
    tokens.note_use(made.id)
    (token,) = tokens.tokens()
    assert token.last_used_at is not None
    ((now,),) = execute("SELECT {now}")
    assert made.created_at <= token.last_used_at <= now


@pytest.mark.parametrize(
    "written",
    [
        *(
            "",
            "ff_",
            "ff_0123456789ab_",
            f"ff_0123456789AB_{'x' * 43}",
            f"gg_0123456789ab_{'x' * 43}",
        ),
        *(
            f"ff_0123456789ab_{'x' * 44}",
            f"ff_0123456789ab_{'x' * 43}\n",
            f"ff_٠12345678912_{'x' * 43}",
        ),
    ],
)
def test_malformed_text_is_not_a_token(written: str) -> None:
    assert tokens.parsed(written) is None
