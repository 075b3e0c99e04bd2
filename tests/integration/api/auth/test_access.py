"""Access by token: real tokens over a real server."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import httpx
import pytest
from fastapi import FastAPI, WebSocket

from api.auth import token_cache
from api.auth.access import ADMIN, READ, WRITE, Caller, admit, still_admitted
from api.error_handlers import add_error_handlers
from api.middleware.stack import add_middleware
from storage.clients import tokens
from storage.database import database
from storage.settings import Settings
from tests.integration.api.served import serving
from tests.integration.storage.test_tokens import expire
from tests.waiting import eventually


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """One database: what is tested here does not depend on it."""
    return Settings(home=tmp_path)


def app_of(settings: Settings) -> FastAPI:
    app = FastAPI()
    add_middleware(app, settings)
    add_error_handlers(app)

    @app.get("/machines")
    async def read(caller: Annotated[Caller, READ]) -> str:
        return f"{caller.name} {caller.scope}"

    @app.post("/machines", dependencies=[WRITE])
    async def write() -> None: ...

    @app.delete("/machines", dependencies=[ADMIN])
    async def delete() -> None: ...

    @app.websocket("/ws/fleet")
    async def fleet(websocket: WebSocket) -> None:
        caller = await admit(websocket)
        while caller is not None:
            await websocket.send_text(caller.name)
            await websocket.receive_text()
            caller = await still_admitted(websocket)

    return app


@pytest.fixture
def address(ledger: Settings) -> Iterator[str]:
    with serving(app_of(ledger)) as address:
        yield address


@pytest.fixture
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://{address}", timeout=30, verify=False) as client:
        yield client


def bearer(written: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {written}"}


def forged(written: str) -> str:
    """The same public part with another secret."""
    return written[:-1] + ("A" if written[-1] != "A" else "B")


class TestToken:
    @pytest.mark.parametrize(
        ("scope", "allowed"),
        [("read", {"GET"}), ("write", {"GET", "POST"}), ("admin", {"GET", "POST", "DELETE"})],
    )
    def test_a_scope_allows_what_it_says_and_all_smaller_scopes(
        self, client: httpx.Client, scope: str, allowed: set[str]
    ) -> None:
        written = tokens.create("ci", scope).written
        for method, needed in (("GET", "read"), ("POST", "write"), ("DELETE", "admin")):
            answer = client.request(method, "/machines", headers=bearer(written))
            if method in allowed:
                assert answer.status_code == 200
                continue
            assert answer.status_code == 403
            assert answer.headers["WWW-Authenticate"] == (
                f'Bearer error="insufficient_scope", scope="{needed}"'
            )
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert answer.json()["detail"] == (
                f"this needs a token with scope {needed}; this one has {scope}"
            )

    def test_the_route_knows_its_client(self, client: httpx.Client) -> None:
        written = tokens.create("dashboard", "read").written
        assert client.get("/machines", headers=bearer(written)).json() == "dashboard read"

    def test_without_a_token_the_answer_says_what_to_send(self, client: httpx.Client) -> None:
        written = tokens.create("ci", "admin").written
        for headers in ({}, {"Authorization": f"Basic {written}"}, {"Authorization": "Bearer"}):
            answer = client.get("/machines", headers=headers)
            assert answer.status_code == 401
            assert answer.headers["WWW-Authenticate"] == "Bearer"
            assert "Authorization: Bearer" in answer.json()["detail"]

    def test_wrong_expired_revoked_and_unknown_tokens_get_the_same_answer(
        self, client: httpx.Client
    ) -> None:
        good = tokens.create("good", "admin").written
        expired, revoked = (tokens.create(name, "admin").written for name in ("old", "gone"))
        expire("old")
        tokens.revoke("gone")
        unknown = f"ff_{'0' * 12}_{good[16:]}"
        answers = [
            client.get("/machines", headers=bearer(written))
            for written in (forged(good), expired, revoked, unknown, "nonsense")
        ]
        assert {answer.status_code for answer in answers} == {401}
        assert len({answer.text for answer in answers}) == 1
        challenges = {answer.headers["WWW-Authenticate"] for answer in answers}
        assert challenges == {'Bearer error="invalid_token"'}

    def test_the_time_of_a_refusal_does_not_reveal_whether_the_id_exists(
        self, client: httpx.Client
    ) -> None:
        good = tokens.create("good", "admin").written
        unknown = f"ff_{'0' * 12}_{good[16:]}"

        def seconds(written: str) -> float:
            began = time.perf_counter()
            client.get("/machines", headers=bearer(written))
            return time.perf_counter() - began

        seconds(unknown)
        exists, does_not = zip(
            *((seconds(forged(good)), seconds(unknown)) for _ in range(15)), strict=True
        )
        assert 0.5 < median(exists) / median(does_not) < 2

    def test_a_good_token_is_hashed_once_and_not_for_each_request(
        self, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        written = tokens.create("ci", "read").written
        hashed: list[str] = []
        real = tokens.matches

        def counted(secret_hash: str, secret: str) -> bool:
            hashed.append(secret)
            return real(secret_hash, secret)

        monkeypatch.setattr(tokens, "matches", counted)

        async def many() -> list[httpx.Response]:
            async with httpx.AsyncClient(base_url=client.base_url, timeout=30) as crowd:
                ask = (crowd.get("/machines", headers=bearer(written)) for _ in range(40))
                return await asyncio.gather(*ask)

        assert {answer.status_code for answer in asyncio.run(many())} == {200}
        limit = time.monotonic() + 2.5
        while time.monotonic() < limit:
            assert client.get("/machines", headers=bearer(written)).status_code == 200
        assert len(hashed) == 1
        assert client.get("/machines", headers=bearer(forged(written))).status_code == 401
        assert len(hashed) == 2

    @pytest.mark.parametrize("end", [tokens.revoke, expire])
    def test_the_end_of_a_token_is_noticed_within_two_seconds(
        self, client: httpx.Client, end: Any
    ) -> None:
        written = tokens.create("ci", "read").written
        assert client.get("/machines", headers=bearer(written)).status_code == 200
        end("ci")
        eventually(
            lambda: client.get("/machines", headers=bearer(written)).status_code == 401, seconds=2
        )

    def test_the_time_of_the_last_use_is_recorded(self, client: httpx.Client) -> None:
        written = tokens.create("ci", "read").written
        client.get("/machines", headers=bearer(written))
        eventually(lambda: tokens.tokens()[0].last_used_at)

    def test_the_logs_contain_no_secret(
        self, client: httpx.Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        written = tokens.create("ci", "read").written
        for sent in (written, forged(written)):
            client.get("/machines", headers=bearer(sent))
        assert caplog.records
        assert written[16:-1] not in caplog.text

    def test_without_a_ledger_no_token_is_accepted(self, client: httpx.Client) -> None:
        written = tokens.create("ci", "read").written
        database.execute_sql("ALTER TABLE api_tokens RENAME TO hidden")
        assert client.get("/machines", headers=bearer(written)).status_code == 503


class TestWithoutTokens:
    def test_until_a_token_is_made_this_machine_has_full_access(self, client: httpx.Client) -> None:
        assert client.get("/machines").json() == "anyone admin"
        assert client.delete("/machines").status_code == 200

    def test_once_a_token_was_made_one_is_needed_even_after_it_is_revoked(
        self, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert client.get("/machines").status_code == 200
        tokens.create("ci", "admin")
        eventually(lambda: client.get("/machines").status_code == 401, seconds=2)
        tokens.revoke("ci")
        monkeypatch.setattr(token_cache, "FRESH_SECONDS", 0)
        assert client.get("/machines").status_code == 401

    def test_on_another_address_a_token_is_needed(self, ledger: Settings) -> None:
        with serving(app_of(ledger), "0.0.0.0") as address:
            port = address.rpartition(":")[2]
            assert httpx.get(f"http://127.0.0.1:{port}/machines").status_code == 200
            assert httpx.get(f"http://{own_address()}:{port}/machines").status_code == 401

    def test_behind_a_proxy_a_token_is_needed(self, ledger: Settings) -> None:
        proxied = ledger.model_copy(update={"trusted_proxies": ("127.0.0.1",)})
        with serving(app_of(proxied)) as address:
            assert httpx.get(f"http://{address}/machines").status_code == 401


def own_address() -> str:
    """An address of this machine that is not loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # Nothing is sent.
        return str(probe.getsockname()[0])


def test_openapi_says_that_tokens_are_needed_and_with_which_scope(ledger: Settings) -> None:
    document = app_of(ledger).openapi()
    paths = document["paths"]["/machines"]
    assert {method: route["security"] for method, route in paths.items()} == {
        "get": [{"token": ["read"]}],
        "post": [{"token": ["write"]}],
        "delete": [{"token": ["admin"]}],
    }
    scheme = document["components"]["securitySchemes"]["token"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
