"""Bodies: what is too large is refused, whatever is said of its length."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.middleware.body_limit import MAX_BODY_BYTES
from storage.settings import Settings
from tests.integration.api.middleware.test_middleware import client_with


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """One database: what is tested here does not depend on it."""
    return Settings(home=tmp_path)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    with client_with(tmp_path) as client:
        yield client


def chunks(size: int, chunk: int = 8192) -> Iterator[bytes]:
    """A body whose size is not known before its end."""
    for begin in range(0, size, chunk):
        yield b"x" * min(chunk, size - begin)


class TestBody:
    @pytest.mark.parametrize("path", ["/unread", "/streamed", "/nowhere"])
    def test_what_is_too_large_is_refused_with_its_length_known_or_not(
        self, client: httpx.Client, path: str
    ) -> None:
        for content in (b"x" * (MAX_BODY_BYTES + 1), chunks(MAX_BODY_BYTES + 1)):
            answer = client.post(path, content=content)
            assert answer.status_code == 413
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert answer.headers["Connection"] == "close"
            assert answer.json()["detail"] == "the body is too large; send at most 1,000,000 bytes"

    def test_what_just_fits_gets_to_the_route(self, client: httpx.Client) -> None:
        for content in (b"x" * MAX_BODY_BYTES, chunks(MAX_BODY_BYTES), chunks(50, 1)):
            answer = client.post("/streamed", content=content)
            assert answer.status_code == 200
            assert answer.json() in (MAX_BODY_BYTES, 50)
        text = json.dumps("x" * (MAX_BODY_BYTES - 2))
        headers = {"Content-Type": "application/json"}
        assert client.post("/length", content=text, headers=headers).json() == len(text) - 2

    def test_many_may_send_at_once(self, client: httpx.Client) -> None:
        async def many() -> list[httpx.Response]:
            async with httpx.AsyncClient(base_url=client.base_url, timeout=60) as crowd:
                sent = (crowd.post("/streamed", content=b"x" * n) for n in range(0, 50_000, 1000))
                return await asyncio.gather(*sent)

        assert [one.json() for one in asyncio.run(many())] == list(range(0, 50_000, 1000))

    @pytest.mark.parametrize(
        ("head", "body", "status"),
        [
            ("Content-Length: 2000000", b"", b"413"),
            ("Content-Length: 2000000\r\nExpect: 100-continue", b"", b"413"),
            ("Content-Length: 3", b"xxxGARBAGE\r\n\r\n", b"400"),
            ("Content-Length: -1", b"", b"400"),
            ("Content-Length: 1e9", b"", b"400"),
            (f"Content-Length: {'9' * 5000}", b"", b"400"),
            ("Content-Length: 3\r\nContent-Length: 2000000", b"xxx", b"400"),
            ("Content-Length: 3\r\nTransfer-Encoding: chunked", b"0\r\n\r\n", b"400"),
        ],
    )
    def test_a_length_that_lies_gains_nothing(
        self, client: httpx.Client, head: str, body: bytes, status: bytes
    ) -> None:
        with socket.create_connection((client.base_url.host, client.base_url.port or 0)) as raw:
            raw.settimeout(10)
            raw.sendall(
                f"POST /streamed HTTP/1.1\r\nHost: localhost\r\n{head}\r\n\r\n".encode() + body
            )
            answer = raw.recv(65536)
        assert answer.split(b" ", 2)[1] == status

    def test_a_client_that_leaves_amid_its_body_leaves_the_service_well(
        self, client: httpx.Client
    ) -> None:
        with socket.create_connection((client.base_url.host, client.base_url.port or 0)) as raw:
            raw.sendall(
                b"POST /streamed HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nxx"
            )
        assert client.post("/streamed", content=b"xx").json() == 2
