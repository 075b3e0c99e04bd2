"""Bad days: the broker, the ledger or the listener goes away, and each reading counts once."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import apsw
import pytest

from benchmarks.servers import PostgreSQL
from storage.database import database
from storage.settings import Settings
from tests.mqtt.place import Place
from tests.waiting import eventually

Outage = Callable[[], AbstractContextManager[None]]

on_sqlite = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
by_mqtt_5 = pytest.mark.parametrize("protocol", ["5"], indirect=True)
by_mqtt_3 = pytest.mark.parametrize("protocol", ["3.1.1"], indirect=True)


@pytest.fixture
def settings(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    """As for all tests, with a PostgreSQL that may be stopped."""
    if settings.embedded_database:
        return settings
    server: PostgreSQL = request.getfixturevalue("own_postgres")
    return Settings(home=settings.home, database_url=server.url)


@pytest.fixture
def ledger_away(request: pytest.FixtureRequest, settings: Settings) -> Outage:
    """A context in which the database does not answer."""

    @contextmanager
    def sqlite_locked() -> Iterator[None]:
        other = apsw.Connection(str(settings.home / "ledger.sqlite3"))
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.close()

    @contextmanager
    def postgres_stopped() -> Iterator[None]:
        with stopped(request.getfixturevalue("own_postgres")):
            yield

    return sqlite_locked if settings.embedded_database else postgres_stopped


@contextmanager
def stopped(server: PostgreSQL) -> Iterator[list[float]]:
    """A context in which PostgreSQL is away; the times at which someone has asked for it."""
    asked: list[float] = []
    database.close()
    server.stop()
    address = Path(parse_qs(urlsplit(server.url).query)["host"][0], ".s.PGSQL.5432")
    address.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(address))
        address.chmod(0o777)
        door.listen()

        def refuse() -> None:
            while True:
                connection, _ = door.accept()
                with connection:
                    if not connection.recv(1):
                        return
                    asked.append(time.monotonic())

        with ThreadPoolExecutor(1) as thread:
            thread.submit(refuse)
            try:
                yield asked
            finally:
                with socket.socket(socket.AF_UNIX) as end:
                    end.connect(str(address))
    address.unlink()
    server.start()


@on_sqlite
@by_mqtt_5
def test_while_the_ledger_is_away_nothing_is_acknowledged_and_nothing_lost(
    place: Place, ledger_away: Outage
) -> None:
    with place.listening() as listener:
        place.publish([place.row(0)])
        place.expect_rows(1)
        with ledger_away():
            place.publish([place.row(minute) for minute in range(1, 1_500)])
            listener.expect("waiting for the ledger")
        place.expect_rows(1_500)
        listener.expect("the ledger answers again")
    assert place.is_acknowledged()


@pytest.mark.parametrize(("settings", "protocol"), [("postgresql", "3.1.1")], indirect=True)
def test_a_ledger_that_is_away_is_tried_again_and_the_log_says_so_once(
    place: Place, own_postgres: PostgreSQL
) -> None:
    with place.listening() as listener:
        place.publish([place.row(0)])
        place.expect_rows(1)
        with stopped(own_postgres) as tries:
            place.publish([place.row(minute) for minute in range(1, 1_500)])
            eventually(lambda: len(tries) >= 3)
            assert len(listener.said("waiting for the ledger")) == 1
        place.expect_rows(1_500)
        listener.expect("the ledger answers again")
        assert len(listener.said("waiting for the ledger")) == 1
    assert place.is_acknowledged()


@pytest.mark.parametrize(
    ("settings", "protocol"), [("sqlite", "3.1.1"), ("postgresql", "5")], indirect=True
)
def test_a_listener_killed_before_the_commit_gets_the_messages_again(
    place: Place, ledger_away: Outage
) -> None:
    with place.listening() as listener:
        with ledger_away():
            place.publish([place.row(minute) for minute in range(100)])
            listener.expect("waiting for the ledger")
            listener.kill()
        assert place.count() == 0
        with place.listening() as listener:
            place.expect_rows(100)
            listener.process.terminate()
            listener.process.wait(10)
            assert listener.said("readings")[-1]["known"] == 0
    assert place.is_acknowledged()


@on_sqlite
@by_mqtt_5
def test_a_listener_that_is_stopped_while_the_ledger_is_away_stops_at_once(
    place: Place, ledger_away: Outage
) -> None:
    with place.listening() as listener:
        with ledger_away():
            place.publish([place.row(0)])
            listener.expect("waiting for the ledger")
            began = time.monotonic()
            listener.process.terminate()
            assert listener.process.wait(10) == 0
            assert time.monotonic() - began < 3
        with place.listening():
            place.expect_rows(1)


@on_sqlite
@by_mqtt_3
def test_a_listener_killed_again_and_again_counts_each_reading_once(place: Place) -> None:
    with place.listening():
        pass
    place.publish([place.row(minute) for minute in range(3_000)])
    for _ in range(4):
        with place.listening() as listener:
            before = place.count()
            eventually(lambda before=before: place.count() > before or before == 3_000)
            listener.kill()
    with place.listening():
        place.expect_rows(3_000)
    assert place.is_acknowledged()


@on_sqlite
def test_a_broker_killed_with_unacknowledged_messages_loses_none(
    place: Place, ledger_away: Outage
) -> None:
    with place.listening() as listener:
        with ledger_away():
            place.publish([[place.row(0)], place.row(1), place.row(2, vibration=1.625)])
            listener.expect("waiting for the ledger")
            eventually(lambda: place.broker.has_saved("1.625"))
            place.broker.kill()
            listener.expect("no connection")
        place.broker.start()
        place.expect_rows(3)
        listener.expect("listening", 2)
        place.publish([place.row(3)])
        place.expect_rows(4)
        assert len(listener.said("no connection")) == 1
    assert place.is_acknowledged()


@on_sqlite
@by_mqtt_5
def test_a_listener_waits_for_a_broker_that_is_not_there_yet(place: Place) -> None:
    place.broker.kill()
    with place.listening("one", wait=False) as listener:
        line = listener.expect("no connection")
        assert line["reason"] == "Connection refused"
        place.broker.start()
        listener.expect("listening")
        place.publish([place.row(0)])
        place.expect_rows(1)


@on_sqlite
@by_mqtt_3
def test_one_listener_goes_on_while_the_other_is_down(place: Place) -> None:
    with place.listening("one") as one, place.listening("two"):
        place.publish([place.row(0)])
        place.expect_rows(1)
        one.kill()
        place.publish([place.row(minute) for minute in range(1, 50)])
        place.expect_rows(50)
    with place.listening("one") as one:
        place.publish([place.row(50)])
        place.expect_rows(51)
        one.process.terminate()
        one.process.wait(10)
        assert one.said("readings")[-1]["known"] >= 49


@on_sqlite
@by_mqtt_3
def test_memory_is_bounded_while_the_ledger_is_away(place: Place, ledger_away: Outage) -> None:
    large = f"{place.message(1)}{' ' * 4_000_000}".encode()
    with place.listening() as listener:
        place.publish([place.row(0)])
        place.expect_rows(1)
        before = listener.memory()
        with ledger_away():
            place.publish([large] * 40)  # 160 MB
            listener.expect("waiting for the ledger")
            eventually(listener.reads_no_more, pause=0.25)
            assert listener.memory() - before < 60_000_000
        place.expect_rows(2)
        assert listener.memory() - before < 60_000_000
