"""Readings over MQTT on a good day, and what is refused."""

from __future__ import annotations

import signal

import pytest

from GAN.config.limits import MAX_BATCH_BYTES
from storage.database import execute, reading
from tests.mqtt.broker import PASSWORD, USER
from tests.mqtt.place import Place
from tests.waiting import eventually

on_sqlite = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
by_mqtt_5 = pytest.mark.parametrize("protocol", ["5"], indirect=True)
by_mqtt_3 = pytest.mark.parametrize("protocol", ["3.1.1"], indirect=True)


@pytest.mark.parametrize(
    ("settings", "protocol"), [("sqlite", "5"), ("postgresql", "3.1.1")], indirect=True
)
def test_readings_arrive_over_tls_and_are_acknowledged(place: Place) -> None:
    with place.listening() as listener:
        place.publish([place.row(0), [place.row(1), place.row(2)]])
        place.publish([place.row(0)], "fleetforge/press_1/press-07")
        place.expect_rows(4)
        listener.process.send_signal(signal.SIGTERM)
        assert listener.process.wait(10) == 0
        counted = listener.said("readings")[-1]
        assert (counted["taken"], counted["known"], counted["refused"]) == (4, 0, 0)
    with reading():
        assert set(execute("SELECT unit FROM units")) == {("1",), ("press-07",)}
    assert place.is_acknowledged()


@on_sqlite
@by_mqtt_3
def test_readings_arrive_without_tls_and_by_another_pattern(place: Place) -> None:
    with place.listening("one", "--topic", "fleetforge/hall/+/sensors/+"):
        place.publish([place.row(0)], "fleetforge/hall/press_1/sensors/7")
        place.expect_rows(1)


@on_sqlite
def test_what_comes_while_no_listener_runs_waits_in_its_session(place: Place) -> None:
    with place.listening():
        pass
    place.publish([place.row(minute) for minute in range(50)])
    with place.listening():
        place.expect_rows(50)


@on_sqlite
def test_a_poisoned_message_is_refused_once_and_blocks_nothing(place: Place) -> None:
    poison = [
        b"\xff\xfe",
        b"{not json",
        b"[" * 100_000,
        b"",
        [],
        5,
        {"at": 1, "readings": []},
        {"at": "yesterday", "readings": {"vibration": 1.5}},
        {"at": place.now, "readings": {"vibration": 1.5}, "unit": "1"},
        b" " * (MAX_BATCH_BYTES + 1),
    ]
    with place.listening() as listener:
        place.publish(poison + poison)
        place.publish([place.row(0)], "fleetforge/press_9/1")
        place.publish([place.row(0)], "fleetforge/press_1/a b")
        place.publish([[place.row(0), {"at": None, "readings": {"vibration": 2}}, place.row(1)]])
        place.expect_rows(2)
        listener.process.terminate()
        listener.process.wait(10)
        counted = listener.said("readings")[-1]
        assert (counted["taken"], counted["refused"]) == (2, 23)
        firsts = [line["first"] for line in listener.said("problem")]
        assert len(firsts) == len({first.split(": ", 1)[1] for first in firsts}) <= 20
        assert any("8,000,001 bytes are too many for one message" in first for first in firsts)
    assert place.is_acknowledged()


@on_sqlite
@by_mqtt_5
def test_a_machine_with_too_many_units_costs_no_other_reading(place: Place) -> None:
    place.settings = place.settings.model_copy(update={"max_units": 3})
    with place.listening() as listener, place.gateway() as gateway:
        for unit in range(40):
            gateway.publish(f"fleetforge/press_1/{unit % 5}", place.message(unit // 5), qos=1)
        place.expect_rows(24)
        listener.process.terminate()
        listener.process.wait(10)
        assert listener.said("readings")[-1]["refused"] == 16
        assert "at most 3 are allowed" in listener.said("problem")[-1]["first"]
    assert place.is_acknowledged()


@on_sqlite
@by_mqtt_3
def test_two_listeners_count_each_reading_once(place: Place) -> None:
    with place.listening("one") as one, place.listening("two") as two:
        place.publish([place.row(minute) for minute in range(300)])
        place.expect_rows(300)
        for listener in (one, two):
            listener.process.terminate()
            assert listener.process.wait(10) == 0
        counted = [listener.said("readings")[-1] for listener in (one, two)]
        assert sum(count["taken"] for count in counted) == 300
        assert sum(count["known"] for count in counted) == 300
    assert place.is_acknowledged("one")
    assert place.is_acknowledged("two")


@on_sqlite
def test_two_listeners_with_one_id_say_so(place: Place) -> None:
    with place.listening() as first, place.listening():
        hint = "; if another client has the id one, write another --client-id"
        lost = eventually(lambda: [e for e in first.said("no connection") if hint in e["reason"]])
        assert lost[0]["action"] == "trying again"


@on_sqlite
@by_mqtt_5
def test_the_address_may_be_a_setting(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = place.refused().splitlines()
    assert line == "error: URL: no MQTT broker; write mqtt://host, or set FLEETFORGE_MQTT_URL"
    monkeypatch.setenv("FLEETFORGE_MQTT_URL", f"mqtt://{USER}:wrong@127.0.0.1:{place.broker.plain}")
    assert "refuses the connection: Not authorized" in place.refused()
    monkeypatch.setenv("FLEETFORGE_MQTT_URL", "http://secret")
    (line,) = place.refused().splitlines()
    assert line == "error: FLEETFORGE_MQTT_URL: write mqtts://user:password@host:8883"


@on_sqlite
def test_a_wrong_password_is_one_line(place: Place) -> None:
    url = place.plain_url.replace(place.plain_url.split("@")[0], f"mqtt://{USER}:wrong")
    (line,) = place.refused(url).splitlines()
    assert line == (
        f"error: 127.0.0.1:{place.broker.plain} refuses the connection: Not authorized; "
        "check user and password, and --protocol"
    )
    assert PASSWORD not in line


@on_sqlite
@by_mqtt_5
def test_an_unknown_ca_is_refused(place: Place) -> None:
    for arguments in ([], ["--ca", str(place.stranger)]):
        (line,) = place.refused(place.url, *arguments).splitlines()
        assert "is not trusted: unable to get local issuer certificate; write --ca FILE" in line


@on_sqlite
@by_mqtt_5
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["http://x"], "URL: not an address of MQTT; write mqtt://host:1883"),
        (["mqtt://x:port"], "URL: not an address; write mqtt://host:1883"),
        (["mqtt://x", "--topic", "a/b"], "--topic: 'a/b' is no pattern; write + for the machine"),
        (["mqtt://x", "--ca", "x.pem"], "--ca: the connection is not encrypted; write mqtts://"),
        (["mqtts://x", "--ca", "x.pem"], "--ca: x.pem: No such file or directory; write a file"),
        (["mqtt://x", "--alerts", "a/+"], "--alerts: 'a/+' has a + or #; write a topic such as"),
    ],
)
def test_a_wrong_option_is_one_line(place: Place, arguments: list[str], message: str) -> None:
    (line,) = place.refused(*arguments).splitlines()
    assert line.startswith(f"error: {message}")
