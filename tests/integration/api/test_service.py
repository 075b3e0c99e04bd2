"""The service in operation: metrics, the rate limit, ids of requests."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from storage.ledger import queues
from storage.queries import events
from storage.settings import Settings
from tests.integration.conftest import profile_of
from tests.integration.following import following
from tests.integration.serving import Http, as_json, serving


def test_the_rate_limit_is_as_set_and_health_and_sockets_are_exempt(
    ledger: Settings, redis_url: str
) -> None:
    settings = ledger.model_copy(update={"redis_url": SecretStr(redis_url)})
    with serving(settings, rate_limit=2) as http:
        answers = [http.get("/api/gan/machines") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        for answer in answers:
            assert answer.headers["ratelimit-limit"] == "2"
            assert answer.headers["ratelimit-policy"] == "2;w=60"
            assert int(answer.headers["ratelimit-reset"]) > 0
        assert [answer.headers["ratelimit-remaining"] for answer in answers] == ["1", "0", "0"]
        assert answers[2].headers["retry-after"] == answers[2].headers["ratelimit-reset"]
        for _ in range(5):
            assert http.get("/health").json()["parts"]["rate limit"]["says"] == "counts requests"
            assert {http.get(path).status_code for path in ("/livez", "/readyz")} == {200}
            with following(http, "/ws/fleet") as follower:
                assert follower.next()["type"] == "synced"


def sample(http: Http, name: str, **labels: str) -> float | None:
    """A sample of which at least these labels are so; None if there is none."""
    chosen = [
        s.value
        for family in text_string_to_metric_families(http.get("/metrics").text)
        for s in family.samples
        if s.name == name and labels.items() <= s.labels.items()
    ]
    return chosen[0] if chosen else None


def test_metrics_count_requests_by_route_and_show_queues(http: Http) -> None:
    labels = {"method": "GET", "route": "/api/gan/machines/{machine_id}", "status": "404"}
    before = sample(http, "fleetforge_http_requests_total", **labels) or 0
    for machine_id in ("pump_8", "pump_9"):
        http.get(f"/api/gan/machines/{machine_id}")
    assert sample(http, "fleetforge_http_requests_total", **labels) == before + 2
    http.create()
    assert sample(http, "fleetforge_queue_due", queue="default") == 1
    queues.pause("default")
    http.request("PROPFIND", "/coffee")
    strange = {"method": "other", "route": "none", "status": "404"}
    assert sample(http, "fleetforge_http_requests_total", **strange)


@pytest.mark.parametrize("header", ["X-Request-ID", "X-Correlation-ID"])
def test_a_request_may_bring_its_id_and_its_events_have_it(http: Http, header: str) -> None:
    mine = uuid.uuid4()
    arguments: dict[str, Any] = as_json(profile_of("pump_1"))
    arguments["headers"][header] = str(mine)
    answer = http.post("/api/gan/machines", **arguments)
    assert answer.headers["x-request-id"] == mine.hex
    assert answer.headers["x-correlation-id"] == mine.hex
    assert events.events()[0].correlation_id == mine.hex


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", ["", "me", "x" * 32, "a" * 31, "{" + "a" * 34 + "}", "a" * 5000])
def test_a_malformed_request_id_is_replaced(http: Http, name: str) -> None:
    answer = http.get("/livez", headers={"X-Request-ID": name})
    given = answer.headers["x-request-id"]
    assert re.fullmatch("[0-9a-f]{32}", given)
    assert given != name


def test_a_stage_that_continues_a_chain_answers_with_its_id(http: Http) -> None:
    http.create()
    chain = events.events()[0].correlation_id
    answer = http.post("/api/gan/machines/pump_1/seed")
    assert answer.headers["x-correlation-id"] == chain
    assert answer.headers["x-request-id"] != chain
