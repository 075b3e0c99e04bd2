"""Alerts over MQTT."""

from __future__ import annotations

import json

import pytest
from paho.mqtt import client as paho

from events.bus import new_correlation_id, new_event
from events.vocabulary import AlertCleared, AlertRaised, Event
from storage.database import transaction
from storage.ledger import event_log
from storage.status import UnitLevel
from tests.mqtt.place import Place
from tests.waiting import eventually


def publish(event: Event) -> None:
    with transaction():
        event_log.append(new_event(event, new_correlation_id()))


def raised(alert_id: int, unit: str) -> AlertRaised:
    return AlertRaised(
        machine_id="press_1",
        alert_id=alert_id,
        unit=unit,
        cause="rul",
        sentence="vibration is 3 times as high as when new – 45 °C",
        reading_at=1,
        level=UnitLevel.ALARM,
    )


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_alerts_are_published_once_and_wait_for_those_who_come_later(place: Place) -> None:
    heard: list[paho.MQTTMessage] = []
    publish(raised(1, "before"))
    with place.gateway() as gateway, place.listening("one", "--alerts", "fleetforge/alerts"):
        gateway.on_message = lambda *all_of_it: heard.append(all_of_it[2])
        gateway.subscribe("fleetforge/alerts/#", qos=1)
        place.publish([place.row(0)])
        place.expect_rows(1)
        facts = raised(2, "7").model_dump(exclude={"level"}) | {"sentence": "replaced"}
        publish(raised(2, "7"))
        publish(AlertCleared(**facts))
        eventually(lambda: len(heard) == 2)
    first, second = (json.loads(message.payload) for message in heard)
    assert {message.topic for message in heard} == {"fleetforge/alerts/press_1/7"}
    assert {message.qos for message in heard} == {1}
    assert (first["type"], first["level"], first["alert_id"]) == ("AlertRaised", "alarm", 2)
    assert first["sentence"].endswith("45 °C")
    assert (second["type"], second["sentence"]) == ("AlertCleared", "replaced")
    with place.gateway() as gateway:
        gateway.on_message = lambda *all_of_it: heard.append(all_of_it[2])
        gateway.subscribe("fleetforge/alerts/#", qos=1)
        eventually(lambda: len(heard) == 3)
    assert heard[2].retain
    assert heard[2].payload == heard[1].payload
