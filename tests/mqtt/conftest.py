"""A broker, and a ledger on each database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import actors
from benchmarks.servers import PostgreSQL
from storage.database import database, open_database, upgrade
from storage.settings import Settings
from tests.integration.conftest import add_machine
from tests.integration.telemetry.plant import SENSORS
from tests.mqtt.broker import Mosquitto
from tests.mqtt.certificates import Authority
from tests.mqtt.place import Place

assert actors  # declares the stages


@pytest.fixture
def ledger(settings: Settings) -> Iterator[Settings]:
    """An empty, migrated ledger on each database."""
    open_database(settings)
    upgrade()
    yield settings
    database.close()


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
    ledger: Settings, broker: Mosquitto, authority: Authority, tmp_path: Path, protocol: str
) -> Place:
    """A place with the machine press_1, on each database and with each version of MQTT."""
    add_machine("press_1", sensors=SENSORS)
    stranger = Authority(tmp_path, "stranger")
    return Place(ledger, broker, authority.file, stranger.file, protocol)
