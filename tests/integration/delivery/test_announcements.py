"""What is sent about alerts: single messages, incidents, silences."""

from __future__ import annotations

import threading

from standardwebhooks.webhooks import Webhook

from storage.artifacts.store import open_store
from storage.database import clock_ms, database, transaction
from storage.delivery import announcements, incident_facts, silences
from storage.delivery.silences import NewSilence
from storage.operations import control
from storage.settings import Settings
from storage.status import UnitLevel
from storage.telemetry import alerts
from tests.integration.delivery.receivers import Receiver
from tests.integration.delivery.site import Site

WATCH, WARNING, ALARM, HEALTHY = (
    UnitLevel.WATCH,
    UnitLevel.WARNING,
    UnitLevel.ALARM,
    UnitLevel.HEALTHY,
)


def test_an_alert_is_sent_when_it_rises_is_seen_and_is_cleared_with_a_signature(
    site: Site, receiver: Receiver
) -> None:
    made = site.webhook(receiver)
    site.level(WATCH)
    site.send()
    site.level(ALARM, cause="failure in 24 h")
    site.send()
    (alert,) = site.alerts()
    with transaction():
        alerts.acknowledge(alert.id, "ann", "bearing is ordered")
    site.send()
    site.level(HEALTHY)
    site.send()
    assert receiver.types == [
        "alert.raised",
        "alert.raised",
        "alert.acknowledged",
        "alert.cleared",
    ]
    for headers, body in receiver.requests:
        verified = Webhook(made.secret).verify(body, headers)
        assert verified["data"]["unit"] == "1"
    assert [message["data"]["level"] for message in receiver.messages][:2] == ["watch", "alarm"]
    seen = receiver.messages[2]["data"]
    assert (seen["acknowledged_by"], seen["note"]) == ("ann", "bearing is ordered")
    assert receiver.messages[3]["data"]["cleared_by"] == "readings"
    assert len(set(receiver.ids)) == 4
    assert site.waiting() == []


def test_messages_are_written_in_the_transaction_of_the_alert(
    site: Site, receiver: Receiver
) -> None:
    site.webhook(receiver)
    try:
        with transaction():
            alerts.follow("press_1", site.states(ALARM, [1]))
            raise RuntimeError("the worker dies")
    except RuntimeError:
        pass
    assert site.waiting() == []
    assert site.alerts() == []
    site.level(ALARM)
    assert len(site.waiting()) == 1


def test_an_alert_that_rises_while_its_message_waits_is_one_message(
    site: Site, receiver: Receiver
) -> None:
    site.webhook(receiver)
    site.level(WATCH)
    site.level(ALARM, cause="failure in 24 h")
    site.send()
    assert [message["data"]["level"] for message in receiver.messages] == ["alarm"]


def test_five_units_are_five_messages(site: Site, receiver: Receiver) -> None:
    site.webhook(receiver)
    site.level(WATCH, range(1, 6))
    site.send()
    assert receiver.types == ["alert.raised"] * 5
    assert incident_facts.incidents(limit=10) == []


def test_six_units_are_one_incident_and_one_message(site: Site, receiver: Receiver) -> None:
    site.webhook(receiver)
    site.add("press_2")
    site.level(WATCH, range(1, 4))
    site.level(ALARM, range(1, 4), machine_id="press_2")
    site.send()
    (message,) = receiver.messages
    assert message["type"] == "incident.began"
    data = message["data"]
    assert (data["units"], data["machines"], data["level"]) == (6, 2, "alarm")
    listed = [(alert["machine_id"], alert["unit"]) for alert in data["alerts"]]
    assert listed == [(f"press_{machine}", unit) for machine in (1, 2) for unit in ("1", "2", "3")]
    assert {alert.incident_id for alert in site.alerts()} == {data["incident_id"]}


def test_six_units_of_two_jobs_at_once_are_one_incident(site: Site, receiver: Receiver) -> None:
    """Neither transaction has six; the second one waits for the first, so it sees them."""
    site.webhook(receiver)
    site.add("press_2")
    raised, committing = threading.Event(), threading.Event()

    def first() -> None:
        with transaction():
            alerts.follow("press_1", site.states(WATCH, range(1, 4)))
            raised.set()
            committing.wait(0.5)
        database.close()

    job = threading.Thread(target=first)
    job.start()
    raised.wait(30)
    site.level(WATCH, range(1, 4), machine_id="press_2")
    committing.set()
    job.join()
    assert [incident.units for incident in incident_facts.incidents(limit=10)] == [6]


def test_units_that_join_are_reported_together_and_the_end_once(
    site: Site, receiver: Receiver
) -> None:
    site.webhook(receiver)
    site.level(WATCH, range(1, 7))
    site.send()
    site.level(WATCH, [7])
    site.level(WATCH, [8])
    site.level(ALARM, [1])
    site.level(HEALTHY, [2])
    site.send()
    site.level(HEALTHY, [3, 4])
    site.level(HEALTHY, [1, 5, 6, 7, 8])
    site.send()
    assert receiver.types == ["incident.began", "incident.changed", "incident.ended"]
    _, changed, ended = (message["data"] for message in receiver.messages)
    assert (changed["units"], changed["open_units"], changed["level"]) == (8, 7, "alarm")
    assert (ended["open_units"], ended["ended_at"] is None) == (0, False)
    site.level(WATCH, [1])
    site.send()
    assert receiver.types[3:] == ["alert.raised"]


def test_units_that_join_before_the_first_message_are_in_it(site: Site, receiver: Receiver) -> None:
    site.webhook(receiver)
    site.level(WATCH, range(1, 7))
    site.level(WATCH, [7, 8])
    site.send()
    assert [message["data"]["units"] for message in receiver.messages] == [8]


def test_what_comes_five_minutes_later_or_has_another_cause_is_not_of_the_incident(
    site: Site, receiver: Receiver
) -> None:
    site.webhook(receiver)
    site.level(WATCH, range(1, 7))
    site.send()
    site.level(WATCH, [7], cause="sensor fault")
    site.pass_time(301)
    site.level(WATCH, [8])
    site.level(ALARM, [1], cause="failure in 24 h")
    site.send()
    assert receiver.types[0] == "incident.began"
    assert sorted(receiver.types[1:]) == [*["alert.raised"] * 3, "incident.changed"]
    (incident,) = incident_facts.incidents(limit=10)
    assert incident.units == 5


def test_a_silenced_unit_is_recorded_and_not_sent_until_the_silence_ends(
    site: Site, receiver: Receiver
) -> None:
    site.webhook(receiver)
    silences.add(NewSilence("press_1", "1", None, clock_ms() + 3_600_000), "ann")
    site.level(ALARM, [1, 2, 3])
    site.level(HEALTHY, [3])
    site.send()
    assert sorted(message["data"]["unit"] for message in receiver.messages) == ["2", "3", "3"]
    assert {alert.unit: alert.silenced for alert in site.alerts()} == {
        "1": True,
        "2": False,
        "3": False,
    }
    site.pass_time(3_600)
    announcements.look_after()
    site.send()
    assert receiver.messages[-1]["data"]["unit"] == "1"
    assert not any(alert.silenced for alert in site.alerts())


def test_an_alert_that_is_cleared_in_a_silence_is_never_sent(
    site: Site, receiver: Receiver
) -> None:
    site.webhook(receiver)
    made = silences.add(NewSilence(None, None, None, clock_ms() + 3_600_000), "ann")
    site.level(ALARM, range(1, 8))
    site.level(HEALTHY, range(2, 8))
    site.send()
    assert receiver.requests == []
    assert incident_facts.incidents(limit=1) == []
    announcements.end_silence(made.id)
    site.send()
    assert [message["data"]["unit"] for message in receiver.messages] == ["1"]
    assert silences.silences() == []


def test_a_plant_that_is_still_down_when_its_silence_ends_is_one_incident(
    site: Site, receiver: Receiver
) -> None:
    site.webhook(receiver)
    made = silences.add(NewSilence("press_1", None, None, clock_ms() + 3_600_000), "ann")
    site.level(WATCH, range(1, 9))
    announcements.end_silence(made.id)
    site.send()
    assert [(m["type"], m["data"]["units"]) for m in receiver.messages] == [("incident.began", 8)]


def test_an_incident_of_a_deleted_machine_ends(
    site: Site, receiver: Receiver, ledger: Settings
) -> None:
    site.webhook(receiver)
    site.level(WATCH, range(1, 7))
    site.send()
    control.remove_machine("press_1", open_store(ledger.artifact_root, ledger.home))
    announcements.look_after()
    site.send()
    assert receiver.types == ["incident.began", "incident.ended"]
