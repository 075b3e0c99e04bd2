"""A broker, and a ledger on each database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import actors
from benchmarks.servers import PostgreSQL
from storage.settings import Settings
from tests.acceptance.conftest import warm_command
from tests.acceptance.warm_command import WarmCommand
from tests.integration.conftest import add_machine, ledger, new_ledger
from tests.integration.telemetry.plant import SENSORS
from tests.mqtt.broker import Mosquitto
from tests.mqtt.certificates import Authority
from tests.mqtt.place import Place

__all__ = ["ledger", "new_ledger", "warm_command"]

assert actors  # declares the stages


@pytest.fixture
def own_postgres() -> Iterator[PostgreSQL]:
    """A PostgreSQL server that a test may stop."""
    with PostgreSQL() as server:
        yield server


@pytest.fixture
def broker(tmp_path: Path, authority: Authority) -> Iterator[Mosquitto]:
    folder = tmp_path / "broker"
    folder.mkdir()
    server = Mosquitto(folder, authority)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "ca")


@pytest.fixture(params=["5", "3.1.1"])
def protocol(request: pytest.FixtureRequest) -> str:
    version: str = request.param
    return version


@pytest.fixture
def place(
    ledger: Settings,
    broker: Mosquitto,
    authority: Authority,
    tmp_path: Path,
    protocol: str,
    warm_command: WarmCommand,
) -> Place:
    """A place with the machine press_1, on each database and with each version of MQTT.

    A test that needs one of them says so. What depends on neither has the one or the other.
    """
    add_machine("press_1", sensors=SENSORS)
    stranger = Authority(tmp_path, "stranger")
    return Place(ledger, broker, authority.file, stranger.file, protocol, warm_command)
