"""Lists over HTTP: filtered, ordered, paged, on both databases."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from events.vocabulary import SeedReady
from storage.database import database, is_sqlite, transaction
from storage.queries import events
from storage.tables import Event, Machine
from tests.integration.conftest import add_event, add_machine
from tests.integration.serving import Http
from tests.waiting import eventually

MACHINES, EVENTS = "/api/gan/machines", "/api/events"
SORTS = ["machine_id", "-machine_id", "created_at", "-created_at"]
# The service stands for all of a test's examples; they write nothing.
READING = hypothesis_settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def pages(http: Http, path: str, **query: Any) -> Iterator[list[dict[str, Any]]]:
    """The items of each page until the last."""
    while True:
        answer = http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        yield page["items"]
        if page["next_cursor"] is None or not page["items"]:
            return
        query["cursor"] = page["next_cursor"]


def ids(http: Http, **query: Any) -> list[str]:
    return [one["machine_id"] for page in pages(http, MACHINES, **query) for one in page]


@pytest.fixture
def fleet(http: Http) -> Http:
    """Twelve machines, of which some came in the same millisecond, and thirty events."""
    for number in range(12):
        add_machine(f"pump_{number}", manufacturer="ABB" if number % 3 else "Weg")
    with transaction():
        for machine in list(Machine.select()):
            number = int(machine.machine_id.removeprefix("pump_"))
            Machine.update(created_at=1_000 + number // 5).where(
                Machine.machine_id == machine.machine_id
            ).execute()
    for number in range(30):
        add_event("SeedReady", f"pump_{number % 4}", stages=())
    with transaction():
        Event.update(occurred_at=Event.occurred_at - 60_000).execute()
    return http


@READING
@given(limit=st.integers(1, 15), sort=st.sampled_from(SORTS))
def test_pages_have_every_machine_once_and_in_order(fleet: Http, limit: int, sort: str) -> None:
    found = [one for page in pages(fleet, MACHINES, limit=limit, sort=sort) for one in page]
    keys = [(one[sort.removeprefix("-")], one["machine_id"]) for one in found]
    assert len(keys) == 12
    assert keys == sorted(set(keys), reverse=sort.startswith("-"))


@READING
@given(limit=st.integers(1, 35), sort=st.sampled_from(["id", "-id"]))
def test_pages_have_every_event_once_and_in_order(fleet: Http, limit: int, sort: str) -> None:
    found = [one["id"] for page in pages(fleet, EVENTS, limit=limit, sort=sort) for one in page]
    assert found == sorted((event.id for event in events.events()), reverse=sort.startswith("-"))


def test_no_page_is_longer_than_asked_and_only_the_last_is_shorter(fleet: Http) -> None:
    assert [len(page) for page in pages(fleet, MACHINES, limit=5)] == [5, 5, 2]
    assert [len(page) for page in pages(fleet, MACHINES, limit=6)] == [6, 6]


def test_machines_are_chosen_by_how_they_stand(fleet: Http) -> None:
    (job,) = add_event(machine_id="pump_7").jobs
    add_event("MachineOnboarded", "pump_7", stages=())
    assert ids(fleet, status="pending") == ["pump_7"]
    assert ids(fleet, stage="generate_seed") == ["pump_7"]
    fleet.finish(job.job_id, SeedReady(machine_id="pump_7"))
    assert ids(fleet, stage="train_tvae", status="pending") == ["pump_7"]
    assert len(ids(fleet, status="created", limit=2)) == 11
    assert ids(fleet, status="failed") == []


def test_machines_are_chosen_by_what_they_are(fleet: Http) -> None:
    assert ids(fleet, manufacturer="Weg") == ["pump_0", "pump_3", "pump_6", "pump_9"]
    assert len(ids(fleet, category="pump")) == 12
    assert ids(fleet, category="motor") == []


def test_events_are_chosen_by_machine_type_and_chain(fleet: Http) -> None:
    chain = "d" * 32
    with transaction():
        Event.update(correlation_id=chain).where(Event.id == 3).execute()

    def found(**query: Any) -> list[int]:
        return [one["id"] for page in pages(fleet, EVENTS, limit=4, **query) for one in page]

    assert found(machine_id="pump_2") == list(range(3, 31, 4))
    assert found(correlation_id=chain) == [3]
    assert found(type="SeedReady", machine_id="pump_9") == []
    assert len(found(type="SeedReady")) == 30
    assert found(type="MachineCreated") == []


def test_the_last_cursor_of_events_goes_on_with_what_happens(fleet: Http) -> None:
    page = fleet.get(EVENTS, params={"limit": 200}).json()
    assert len(page["items"]) == 30
    for _ in range(2):
        page = fleet.get(EVENTS, params={"cursor": page["next_cursor"]}).json()
        assert page["items"] == []
    written = add_event("SeedReady", "pump_1", stages=())
    page = fleet.get(EVENTS, params={"cursor": page["next_cursor"]}).json()
    assert [event["id"] for event in page["items"]] == [written.event_id]


def test_an_event_that_is_committed_late_is_not_missed(fleet: Http) -> None:
    """PostgreSQL gives ids before the commit, so a higher one may be seen first."""
    if is_sqlite():
        assert events.events()[-1].id == 30  # One writer: it cannot come to that.
        return
    url = fleet.service.settings.database_url
    assert url is not None
    cursor = fleet.get(EVENTS, params={"limit": 200}).json()["next_cursor"]
    insert = (
        "INSERT INTO events (type, machine_id, payload, correlation_id, occurred_at)"
        " SELECT 'SeedReady', 'pump_1', '{}', 'late', MAX(occurred_at) + 60000 FROM events"
        " RETURNING id"
    )
    with psycopg.connect(url.get_secret_value()) as late:
        ((late_id,),) = late.execute(insert).fetchall()
        early_id = add_event("SeedReady", "pump_2", stages=()).event_id
        assert early_id is not None
        assert early_id > late_id
        page = fleet.get(EVENTS, params={"cursor": cursor}).json()
        assert page["items"] == []  # The higher one waits for the lower.
        late.commit()
    page = fleet.get(EVENTS, params={"cursor": page["next_cursor"]}).json()
    assert [event["id"] for event in page["items"]] == [late_id, early_id]


def test_an_event_waits_a_few_seconds_for_one_that_never_comes(fleet: Http) -> None:
    cursor = fleet.get(EVENTS, params={"limit": 200}).json()["next_cursor"]
    with database.atomic() as undone:
        add_event("SeedReady", "pump_1", stages=())
        undone.rollback()
    written = add_event("SeedReady", "pump_2", stages=())

    def shown() -> list[int]:
        page = fleet.get(EVENTS, params={"cursor": cursor}).json()
        return [event["id"] for event in page["items"]]

    assert eventually(shown, 8) == [written.event_id]


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "äöü",
        "a" * 399,
        encoded(["machine_id"]),
        encoded(["machine_id", 1, "pump_1"]),
        encoded(["machine_id", "pump_1", "pump_1", "pump_1"]),
        encoded(["created_at", 1, "pump_1"]),
        encoded({"machine_id": 1}),
        encoded(7),
        encoded(["machine_id", "pump_1", None]),
    ],
)
def test_a_cursor_of_another_list_is_refused(http: Http, cursor: str) -> None:
    answer = http.get(MACHINES, params={"cursor": cursor})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"] == "query.cursor"


@pytest.mark.parametrize(
    "cursor", [encoded(["machine_id", "a\0", "pump_1"]), encoded(["machine_id", "\ud800", "x"])]
)
def test_a_forged_cursor_does_no_harm(http: Http, cursor: str) -> None:
    assert http.get(MACHINES, params={"cursor": cursor}).status_code == 422


@pytest.mark.parametrize("forged", [2**31, 2**63, -1, 1.5, True, "1"])
def test_a_forged_cursor_of_events_does_no_harm(http: Http, forged: object) -> None:
    answer = http.get(EVENTS, params={"cursor": encoded(["id", forged])})
    assert answer.status_code == 422


@pytest.mark.parametrize("forged", [2**63, -(2**63) - 1])
def test_a_forged_time_does_no_harm(http: Http, forged: int) -> None:
    query = {"sort": "created_at", "cursor": encoded(["created_at", forged, "pump_1"])}
    assert http.get(MACHINES, params=query).status_code == 422


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 201},
        {"sort": "model"},
        {"status": "well"},
        {"stats": "failed"},
        {"category": "a\0"},
        {"manufacturer": "a\0"},
    ],
)
def test_a_wrong_or_misspelt_parameter_is_refused(http: Http, query: dict[str, Any]) -> None:
    answer = http.get(MACHINES, params=query)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"] == f"query.{next(iter(query))}"


@pytest.mark.parametrize(
    "query", [{"type": "PumpPainted"}, {"machine_id": "A\0"}, {"correlation_id": "x"}]
)
def test_events_that_there_cannot_be_are_refused(http: Http, query: dict[str, Any]) -> None:
    assert http.get(EVENTS, params=query).status_code == 422


def test_statistics_count_what_the_ledger_has(fleet: Http) -> None:
    (job,) = add_event(machine_id="pump_7").jobs
    fleet.finish(job.job_id, SeedReady(machine_id="pump_7"), {"GAN/a.txt": b"12345"})
    figures = fleet.get("/api/gan/statistics").json()
    assert figures["machines"] == {"created": 11, "pending": 1}
    assert figures["categories"] == {"pump": 12}
    assert figures["stages"]["generate_seed"]["jobs"] == {"success": 1}
    assert figures["stages"]["train_tvae"] == {"jobs": {"pending": 1}, "median_seconds": None}
    assert figures["stages"]["generate_seed"]["median_seconds"] is not None
    assert (figures["events"], figures["files"], figures["bytes"]) == (32, 1, 5)
