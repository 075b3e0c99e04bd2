"""Webhooks, silences and incidents over HTTP."""

from __future__ import annotations

from dataclasses import replace

import pytest
from standardwebhooks.webhooks import Webhook

from storage.database import clock_ms
from storage.status import UnitLevel
from tests.integration.delivery.receivers import receiving, status
from tests.integration.delivery.site import Site
from tests.integration.serving import Http

WEBHOOKS, SILENCES, INCIDENTS = "/api/gan/webhooks", "/api/gan/silences", "/api/gan/incidents"
HOUR = 3_600_000


@pytest.fixture
def site(http: Http) -> Site:
    found = Site()
    found.add()
    return found


def test_a_webhook_is_added_listed_without_its_secret_and_removed(http: Http) -> None:
    url = "https://plant.example/alerts?key=hidden"
    made = http.post(WEBHOOKS, json={"url": url})
    assert made.status_code == 201, made.text
    secret = made.json()["secret"]
    assert secret.startswith("whsec_")
    (shown,) = http.get(WEBHOOKS).json()["items"]
    assert shown == made.json()["webhook"]
    assert (shown["url"], shown["state"], shown["who"]) == (
        "https://plant.example/alerts?...",
        "active",
        "anyone",
    )
    assert secret not in http.get(WEBHOOKS).text
    assert http.delete(f"{WEBHOOKS}/{shown['id']}").status_code == 204
    assert http.delete(f"{WEBHOOKS}/{shown['id']}").status_code == 404
    assert http.delete(f"{WEBHOOKS}/x").status_code == 404
    assert http.get(WEBHOOKS).json()["items"] == []


def test_a_test_message_says_what_the_receiver_answers(http: Http) -> None:
    settings = http.service.settings.model_copy(update={"webhook_private": True})
    http.app.state.service = replace(http.service, settings=settings)
    with receiving() as receiver:
        made = http.post(WEBHOOKS, json={"url": receiver.url}).json()
        address = f"{WEBHOOKS}/{made['webhook']['id']}/test"
        answered = http.post(address).json()
        assert (answered["status"], answered["failed"]) == (204, None)
        ((headers, body),) = receiver.requests
        assert Webhook(made["secret"]).verify(body, headers)["type"] == "test"
        receiver.answer = status(500)
        refused = http.post(address)
        assert refused.status_code == 200
        assert refused.json() == {"status": None, "took_ms": None, "failed": "answered 500"}
    assert http.get(WEBHOOKS).json()["items"][0]["waiting"] == 0
    assert http.post(f"{WEBHOOKS}/99/test").status_code == 404


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://plant.example/", "it is not https; write https://…, or set FLEETFORGE_WEBHOOK_"),
        ("https://127.0.0.1/", "127.0.0.1 is a local address; to allow it, set FLEETFORGE_"),
        ("https://[::1]/", "::1 is a local address"),
        ("https://[::ffff:10.0.0.1]/", "is a local address"),
        ("https://[64:ff9b::a9fe:a9fe]/", "is a local address"),
        ("https://169.254.169.254/latest", "is a local address"),
        ("https://168.63.129.16/", "is a local address"),
        ("https://localhost/", "localhost is a local address"),
        ("https://ann:pass@plant.example/", "it has a user name; leave it out"),
        ("https://plant.example/#x", "it has a fragment"),
        ("https://plant.example:0/", "it is not the URL of a host"),
        ("https://plant.example:x/", "it is not the URL of a host"),
        ("ftp://plant.example/", "it is not the URL of a host; write a URL such as https://"),
        ("https:///", "it is not the URL of a host"),
        ("plant.example", "it is not the URL of a host"),
        ("https://plant.example/a b", "it is not a URL"),
        ("https://werk-süd.example/", "it is not a URL; write a URL such as"),
        (f"https://{'a' * 64}.example/", "it is not the URL of a host"),
    ],
)
def test_an_address_that_cannot_be_is_refused(http: Http, url: str, says: str) -> None:
    refused = http.post(WEBHOOKS, json={"url": url})
    assert refused.status_code == 422
    assert says in refused.json()["detail"]
    assert http.post(WEBHOOKS).status_code == 422


def test_there_are_at_most_twenty_webhooks(http: Http) -> None:
    url = {"url": "https://plant.example/alerts"}
    made = [http.post(WEBHOOKS, json=url).status_code for _ in range(21)]
    assert made == [*[201] * 20, 409]


def test_a_silence_is_added_and_removed_and_alerts_say_that_they_were_silenced(
    http: Http, site: Site
) -> None:
    ends_at = clock_ms() + 8 * HOUR
    asked = {"machine_id": "press_1", "unit": "1", "ends_at": ends_at, "note": "new bearing"}
    made = http.post(SILENCES, json=asked)
    assert made.status_code == 201, made.text
    assert http.get(SILENCES).json()["items"] == [made.json()]
    assert {**made.json(), **asked} == made.json()
    site.level(UnitLevel.ALARM, [1, 2])
    silenced = {a["unit"]: a["silenced"] for a in http.get("/api/gan/alerts").json()["items"]}
    assert silenced == {"1": True, "2": False}
    assert http.delete(f"{SILENCES}/{made.json()['id']}").status_code == 204
    assert not any(a["silenced"] for a in http.get("/api/gan/alerts").json()["items"])
    assert http.get(SILENCES).json()["items"] == []
    assert http.delete(f"{SILENCES}/{2**70}").status_code == 404


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({"ends_at": 1}, 422, "ends_at: it is over then; write a later end"),
        ({"ends_at": 2**52}, 422, "write at most 30 days, and add another one later"),
        ({"machine_id": None}, 422, "a unit without a machine; name its machine too"),
        ({"machine_id": "press_9"}, 404, "no machine 'press_9'"),
        ({"unit": "77"}, 404, "press_1 has no unit '77'"),
        ({"unit": "\x00"}, 422, "not the name of a unit"),
    ],
)
def test_a_silence_that_cannot_be_is_refused(
    http: Http, site: Site, changes: dict[str, object], status: int, says: str
) -> None:
    asked = {"machine_id": "press_1", "unit": "1", "ends_at": clock_ms() + HOUR}
    refused = http.post(SILENCES, json=asked | changes)
    assert refused.status_code == status
    assert says in refused.json()["detail"]


def test_an_incident_has_its_units_and_is_acknowledged_as_a_whole(http: Http, site: Site) -> None:
    site.level(UnitLevel.WATCH, range(1, 8))
    (incident,) = http.get(INCIDENTS, params={"open": True}).json()["items"]
    assert (incident["units"], incident["unseen"], incident["level"]) == (7, 7, "watch")
    assert [alert["unit"] for alert in incident["alerts"]] == [str(unit) for unit in range(1, 8)]
    mine = {"incident_id": incident["id"], "limit": 5}
    page = http.get("/api/gan/alerts", params=mine).json()
    assert {alert["incident_id"] for alert in page["items"]} == {incident["id"]}
    address = f"{INCIDENTS}/{incident['id']}/acknowledge"
    seen = http.post(address, json={"note": "the plant is down"}).json()
    assert (seen["unseen"], seen["alerts"][0]["acknowledged_by"]) == (0, "anyone")
    assert http.post(address).status_code == 409
    assert http.post(f"{INCIDENTS}/99/acknowledge").status_code == 404
    site.level(UnitLevel.HEALTHY, range(1, 8))
    assert http.get(INCIDENTS, params={"open": True}).json()["items"] == []
    assert "has ended" in http.post(address).json()["detail"]
