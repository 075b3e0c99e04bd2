"""`fleetforge tokens`: made once, shown once, worthless when revoked."""

from __future__ import annotations

import re
import time

import pytest

from tests.acceptance.conftest import User

WRITTEN = re.compile(r"ff_[0-9a-f]{12}_[A-Za-z0-9_-]{43}")


def test_a_token_is_printed_once_and_alone_so_that_a_script_can_keep_it(user: User) -> None:
    done = user.run("tokens", "create", "ci", "--scope", "write")
    assert WRITTEN.fullmatch(done.stdout.removesuffix("\n"))
    assert done.stderr == "ci: valid until it is revoked; it is not shown again, so save it now\n"
    secret = done.stdout.strip()[16:]
    for command in (("list",), ("list", "--json"), ("revoke", "ci", "--json")):
        assert secret not in user.run("tokens", *command).stdout


def test_tokens_are_listed_with_what_they_may_do_and_how_they_stand(user: User) -> None:
    user.run("db", "upgrade")
    assert user.run("tokens", "list").stdout == (
        "no tokens yet; make one with: fleetforge tokens create NAME --scope read\n"
    )
    made = user.json("tokens", "create", "ci", "--scope", "write", "--expires-days", "2")
    user.run("tokens", "create", "boss", "--scope", "admin")
    assert WRITTEN.fullmatch(made.pop("token"))
    assert abs(made["expires_at"] / 1000 - time.time() - 2 * 24 * 3600) < 60
    assert made | {"expires_at": None, "created_at": None} == {
        "id": made["id"],
        "name": "ci",
        "scope": "write",
        "state": "usable",
        "created_at": None,
        "expires_at": None,
        "revoked_at": None,
        "last_used_at": None,
    }
    assert user.run("tokens", "revoke", "boss").stdout == "boss: revoked\n"
    assert user.json("tokens", "list")[0] == made
    head, ci, boss = user.run("tokens", "list").stdout.splitlines()
    assert head.split() == ["NAME", "SCOPE", "STATE", "ID", "CREATED", "EXPIRES", "LAST", "USED"]
    assert ci.split()[:4] == ["ci", "write", "usable", made["id"]]
    assert boss.split()[:3] == ["boss", "admin", "revoked"]


@pytest.mark.parametrize(
    ("arguments", "exit_code", "says"),
    [
        (
            ("create", "ci", "--scope", "read"),
            2,
            "'ci' is taken; choose another name, or revoke that token first",
        ),
        (("create", "a b", "--scope", "read"), 2, "not a name: 'a b'; write up to 60 letters"),
        (("create", "new"), 2, "Missing option '--scope'"),
        (("create", "new", "--scope", "root"), 2, "'root' is not one of 'read', 'write', 'admin'"),
        (("create", "new", "--scope", "read", "--expires-days", "0"), 2, "1<=x<=3650"),
        (("revoke", "unknown"), 1, "no token 'unknown' to revoke; see: fleetforge tokens list"),
    ],
)
def test_what_cannot_be_done_is_said(
    user: User, arguments: tuple[str, ...], exit_code: int, says: str
) -> None:
    user.run("tokens", "create", "ci", "--scope", "read")
    done = user.run("tokens", *arguments, exit_code=exit_code)
    assert says in done.stderr
    assert [token["name"] for token in user.json("tokens", "list")] == ["ci"]
