"""WebSockets: who gets one, and how others are refused; a real server."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import WebSocket
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from api.auth import token_cache
from api.auth.access import admit
from storage.clients import tokens
from storage.database import database
from storage.settings import Settings
from tests.integration.api.auth.test_access import app_of, bearer, forged
from tests.integration.api.served import serving


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """One database: what is tested here does not depend on it."""
    return Settings(home=tmp_path)


@pytest.fixture
def address(ledger: Settings) -> Iterator[str]:
    with serving(app_of(ledger)) as address:
        yield address


class TestWebSocket:
    def name(self, address: str, **options: Any) -> str:
        with connect(f"ws://{address}/ws/fleet", **options) as socket:
            return str(socket.recv())

    def code(self, address: str, **options: Any) -> tuple[int, str]:
        with (
            connect(f"ws://{address}/ws/fleet", **options) as socket,
            pytest.raises(ConnectionClosed) as end,
        ):
            socket.recv()
        assert end.value.rcvd is not None
        return end.value.rcvd.code, end.value.rcvd.reason

    def test_until_a_token_is_made_this_machine_gets_one(self, address: str) -> None:
        assert self.name(address) == "anyone"

    def test_the_token_is_taken_from_the_header(self, address: str) -> None:
        written = tokens.create("ci", "read").written
        assert self.name(address, additional_headers=bearer(written)) == "ci"

    @pytest.mark.parametrize("also", [(), ("fleetforge",)])
    def test_or_from_a_subprotocol_which_is_not_sent_back_if_there_is_another(
        self, address: str, also: tuple[str, ...]
    ) -> None:
        offered = f"bearer.{tokens.create('ci', 'read').written}"
        subprotocols = [Subprotocol(name) for name in (offered, *also)]
        with connect(f"ws://{address}/ws/fleet", subprotocols=subprotocols) as socket:
            assert socket.recv() == "ci"
            assert socket.subprotocol == (also[0] if also else offered)

    def test_without_a_good_one_it_is_closed_with_4401(self, address: str) -> None:
        written = tokens.create("ci", "read").written
        code, reason = self.code(address)
        assert code == 4401
        assert "send a token" in reason
        code, reason = self.code(address, additional_headers=bearer(forged(written)))
        assert code == 4401
        assert "wrong, expired or revoked" in reason

    def test_with_too_small_a_scope_it_is_closed_with_4403(self, ledger: Settings) -> None:
        app = app_of(ledger)

        @app.websocket("/ws/control")
        async def control(websocket: WebSocket) -> None:
            assert await admit(websocket, "admin") is None

        written = tokens.create("ci", "write").written
        with (
            serving(app) as address,
            connect(f"ws://{address}/ws/control", additional_headers=bearer(written)) as socket,
            pytest.raises(ConnectionClosed) as end,
        ):
            socket.recv()
        assert end.value.rcvd is not None
        assert end.value.rcvd.code == 4403
        assert "scope admin" in end.value.rcvd.reason

    def test_while_the_ledger_is_away_it_is_closed_with_1013(self, address: str) -> None:
        written = tokens.create("ci", "read").written
        database.execute_sql("ALTER TABLE api_tokens RENAME TO hidden")
        assert self.code(address, additional_headers=bearer(written))[0] == 1013

    def test_an_open_one_is_closed_when_its_token_is_revoked(
        self, address: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(token_cache, "FRESH_SECONDS", 0)
        written = tokens.create("ci", "read").written
        with connect(f"ws://{address}/ws/fleet", additional_headers=bearer(written)) as socket:
            assert socket.recv() == "ci"
            tokens.revoke("ci")
            socket.send("ping")
            with pytest.raises(ConnectionClosed) as end:
                socket.recv()
        assert end.value.rcvd is not None
        assert end.value.rcvd.code == 4401

    def test_a_client_that_leaves_at_once_is_no_error(
        self, address: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        tokens.create("ci", "read")
        host, _, port = address.rpartition(":")
        handshake = (
            f"GET /ws/fleet HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {'A' * 22}==\r\n"
            f"Authorization: Bearer ff_{'0' * 12}_{'x' * 43}\r\n\r\n"
        )
        for _ in range(10):
            with socket.create_connection((host, int(port))) as raw:
                raw.sendall(handshake.encode())
        assert self.code(address)[0] == 4401
        assert not [record for record in caplog.records if record.levelno >= logging.ERROR]

    def test_pages_of_other_origins_do_not_get_one(self, address: str) -> None:
        assert self.name(address, origin=Origin(f"http://{address}")) == "anyone"
        for origin in ("http://evil.example", "null", f"http://{address}.evil.example", "http://["):
            with pytest.raises(InvalidStatus) as refused:
                self.name(address, origin=Origin(origin))
            assert refused.value.response.status_code == 403
            assert b"WEB_ORIGINS" in (refused.value.response.body or b"")
