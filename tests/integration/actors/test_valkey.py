"""The private Valkey."""

from __future__ import annotations

import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from actors.broker import valkey
from actors.broker.valkey import EmbeddedValkey
from errors import BrokerUnavailable


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("h")


@pytest.fixture
def server(home: Path) -> Iterator[EmbeddedValkey]:
    server = EmbeddedValkey(home)
    yield server
    server.stop()


def test_the_first_process_starts_it_and_the_others_use_it(
    server: EmbeddedValkey, home: Path
) -> None:
    assert not server.answers()
    assert server.ensure() is True
    other = EmbeddedValkey(home)
    assert other.ensure() is False
    with redis.Redis.from_url(server.url) as one, redis.Redis.from_url(other.url) as two:
        one.set("key", "value")
        assert two.get("key") == b"value"


def test_many_processes_at_once_start_one_server(home: Path) -> None:
    code = (
        "import sys, pathlib; from actors.broker.valkey import EmbeddedValkey;"
        "v = EmbeddedValkey(pathlib.Path(sys.argv[1])); print(v.ensure(), flush=True);"
        "sys.stdin.read(); v.stop()"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    started = [process.stdout.readline().strip() for process in processes if process.stdout]
    assert sorted(started) == ["False", "False", "False", "True"]
    for process in processes:
        process.communicate("")
    assert not EmbeddedValkey(home).answers()


def test_only_the_user_can_reach_it_and_no_port_is_open(server: EmbeddedValkey) -> None:
    server.ensure()
    assert stat.S_IMODE(server.socket_path.stat().st_mode) == 0o700
    with redis.Redis.from_url(server.url) as client:
        assert client.config_get("port") == {"port": "0"}


def test_stopping_it_from_a_process_that_did_not_start_it_does_nothing(
    server: EmbeddedValkey, home: Path
) -> None:
    server.ensure()
    EmbeddedValkey(home).stop()
    assert server.answers()


def test_a_home_too_deep_for_a_socket_still_gets_one(tmp_path: Path) -> None:
    home = tmp_path / ("deep" * 30)
    server = EmbeddedValkey(home)
    assert len(str(server.socket_path)) < 100
    assert server.socket_path != EmbeddedValkey(tmp_path / ("deed" * 30)).socket_path
    server.ensure()
    try:
        assert server.answers()
        assert stat.S_IMODE(server.socket_path.parent.stat().st_mode) == 0o700
    finally:
        server.stop()


def test_a_server_starts_in_a_folder_whose_path_has_a_space(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    server = EmbeddedValkey(tmp_path_factory.mktemp("my home"))
    try:
        assert server.ensure()
    finally:
        server.stop()


def test_a_server_that_cannot_start_is_said_to_be_unavailable(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(valkey, "server_binary", lambda: Path("/bin/false"))
    with pytest.raises(BrokerUnavailable, match=r"valkey\.log"):
        EmbeddedValkey(home).ensure()
