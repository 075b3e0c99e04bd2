"""Sessions in the ledger, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from errors import InvalidInput
from storage.artifacts.store import open_store
from storage.clients import sessions, tokens
from storage.clients.tokens import Token
from storage.database import database, execute, reading, transaction
from storage.operations import garbage_collection
from storage.settings import Settings
from tests.integration.collecting import collect
from tests.integration.storage.test_tokens import expire


@pytest.fixture
def token(ledger: Settings) -> Token:
    return tokens.create("dashboard", "write").token


def age(column: str, milliseconds: int) -> None:
    with transaction():
        execute(f"UPDATE sessions SET {column} = {column} - :age", age=milliseconds)


def test_a_session_has_the_scope_of_its_token_and_the_ledger_has_only_a_hash(token: Token) -> None:
    new = sessions.begin(token)
    found = sessions.find(new.secret)
    assert found == new.session
    assert found is not None
    assert (found.token.name, found.token.scope) == ("dashboard", "write")
    ((now,),) = execute("SELECT {now}")
    assert 0 <= now + sessions.LONGEST_MS - found.expires_at < 10_000
    (row,) = database.execute_sql("SELECT * FROM sessions").fetchall()
    assert new.secret not in str(row)
    assert new.secret not in repr(new)
    assert sessions.find(new.secret[:-1]) is None


def rows() -> int:
    with reading():
        ((count,),) = execute("SELECT COUNT(*) FROM sessions")
    return int(count)


@pytest.mark.parametrize(
    "end",
    [
        lambda: tokens.revoke("dashboard"),
        lambda: expire("dashboard"),
        lambda: age("used_at", sessions.IDLE_MS + 1),
        lambda: age("created_at", sessions.LONGEST_MS + 1),
    ],
)
def test_a_session_ends_and_gc_removes_its_row(
    ledger: Settings, token: Token, end: Callable[[], Any]
) -> None:
    ended = sessions.begin(token).secret
    end()
    other = sessions.begin(tokens.create("other", "read").token).secret
    assert sessions.find(ended) is None
    store = open_store(ledger.artifact_root, ledger.home)
    with reading():
        assert garbage_collection.find(store).old.sessions == 1
    collect(store)
    assert rows() == 1
    assert sessions.find(other) is not None


def test_a_session_that_is_ended_leaves_no_row(token: Token) -> None:
    secret = sessions.begin(token).secret
    sessions.end(secret)
    assert sessions.find(secret) is None
    assert rows() == 0


def test_a_use_keeps_a_session_from_ending_but_not_for_ever(token: Token) -> None:
    secret = sessions.begin(token).secret
    age("used_at", sessions.IDLE_MS - 60_000)
    sessions.note_use(secret)
    age("used_at", sessions.IDLE_MS - 60_000)
    assert sessions.find(secret) is not None
    age("created_at", sessions.LONGEST_MS + 1)
    sessions.note_use(secret)
    assert sessions.find(secret) is None


def test_a_session_ends_before_its_token_does_not(ledger: Settings) -> None:
    token = tokens.create("short", "read", days=1).token
    assert sessions.begin(token).session.expires_at == token.expires_at


def test_a_token_has_twenty_sessions_and_a_further_one_ends_the_oldest(token: Token) -> None:
    oldest = sessions.begin(token).secret
    age("created_at", 1_000)
    others = [sessions.begin(token).secret for _ in range(sessions.MOST_SESSIONS)]
    assert sessions.find(oldest) is None
    assert all(sessions.find(secret) for secret in others)


def test_a_code_becomes_a_session_once(token: Token) -> None:
    code = sessions.new_code(token)
    assert sessions.find(code) is None
    new = sessions.exchange(code)
    assert new is not None
    assert sessions.find(new.secret) == new.session
    assert sessions.exchange(code) is None
    assert sessions.exchange(new.secret) is None


def test_a_code_is_worth_nothing_after_a_minute_or_without_its_token(token: Token) -> None:
    late, revoked = sessions.new_code(token), sessions.new_code(token)
    age("created_at", sessions.CODE_MS + 1)
    assert sessions.exchange(late) is None
    assert sessions.exchange(revoked) is None
    code = sessions.new_code(token)
    gone = tokens.revoke("dashboard")
    assert sessions.exchange(code) is None
    with pytest.raises(InvalidInput, match="not usable"):
        sessions.new_code(gone)
