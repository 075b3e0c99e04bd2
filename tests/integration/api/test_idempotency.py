"""`Idempotency-Key`, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from storage.clients import tokens
from storage.database import reading, transaction
from storage.operations import garbage_collection
from storage.queries import events, jobs
from storage.tables import Answer
from tests.integration.conftest import profile_of
from tests.integration.serving import Http, as_json
from tests.waiting import eventually


def create(http: Http, key: str, machine_id: str = "pump_1", **more: Any) -> httpx.Response:
    arguments = as_json(profile_of(machine_id))
    headers = {**arguments["headers"], "Idempotency-Key": key}  # type: ignore[dict-item]
    return http.post("/api/gan/machines", **{**arguments, "headers": headers, **more})


def seed(http: Http, key: str, machine_id: str = "pump_1", **asked: Any) -> httpx.Response:
    path = f"/api/gan/machines/{machine_id}/seed"
    return http.post(path, json=asked, headers={"Idempotency-Key": key})


def test_the_same_request_again_gets_the_same_answer_and_does_nothing(http: Http) -> None:
    first = create(http, "one")
    second = create(http, "one")
    assert (second.status_code, second.content) == (201, first.content)
    assert second.headers["location"] == first.headers["location"]
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert len(events.events()) == 1


def test_an_answer_is_what_it_was_though_things_have_changed(http: Http) -> None:
    http.create(start=False)
    first = seed(http, "two")
    http.delete(f"/api/gan/tasks/{first.json()['task_id']}")
    assert seed(http, "two").json()["status"] == "pending"
    assert len(jobs.jobs()) == 1


def test_an_answer_outlives_the_machine(http: Http) -> None:
    http.create(start=False)
    first = seed(http, "gone")
    http.delete("/api/gan/machines/pump_1")
    again = seed(http, "gone")
    assert (again.status_code, again.content) == (202, first.content)
    assert seed(http, "other").status_code == 404


def test_another_request_under_the_same_key_is_refused(http: Http) -> None:
    http.create(start=False)
    http.create("pump_2", start=False)
    assert seed(http, "three", rows=2000).status_code == 202
    for other in (
        seed(http, "three", rows=3000),
        seed(http, "three", "pump_2", rows=2000),
        create(http, "three", "pump_3"),
    ):
        assert other.status_code == 422
        (problem,) = other.json()["errors"]
        assert problem["path"] == "Idempotency-Key"
        assert "POST /api/gan/machines/pump_1/seed" in problem["message"]
    assert len(events.events()) == 1


def test_each_token_has_its_own_keys(http: Http) -> None:
    http.create(start=False)
    written = {name: tokens.create(name, "write").written for name in ("one", "two")}
    # The service notices within a second or two that tokens are asked for from now on.
    eventually(lambda: http.get("/api/gan/machines").status_code == 401)
    tasks = set()
    for name in ("one", "two"):
        http.headers["Authorization"] = f"Bearer {written[name]}"
        for replayed in (None, "true"):
            answer = seed(http, "shared", rows=1000 + len(name))
            assert answer.status_code == 202, answer.text
            assert answer.headers.get("idempotency-replayed") == replayed
            tasks.add(answer.json()["task_id"])
    assert len(tasks) == len(jobs.jobs()) == 2


def test_a_refused_request_may_be_sent_again_with_its_key(http: Http) -> None:
    assert seed(http, "four").status_code == 404
    http.create(start=False)
    answer = seed(http, "four")
    assert answer.status_code == 202
    assert "idempotency-replayed" not in answer.headers


def test_of_many_at_once_one_has_the_effect_and_all_get_its_answer(http: Http) -> None:
    http.create(start=False)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: seed(http, "five", rows=2000), range(8)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    replayed = [answer for answer in answers if "idempotency-replayed" in answer.headers]
    assert len(replayed) == 7
    assert len(events.events()) == 1
    assert http.service.broker.depth("default") == 1


def test_of_many_different_requests_under_one_key_one_is_done(http: Http) -> None:
    http.create(start=False)
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda n: seed(http, "six", seed=n), range(6)))
    assert sorted(answer.status_code for answer in answers) == [202] + [422] * 5
    assert len(events.events()) == 1


@pytest.mark.parametrize("key", ["", "with space", "x" * 191, "tab\tinside"])
def test_a_malformed_key_is_refused(http: Http, key: str) -> None:
    http.create(start=False)
    answer = seed(http, key)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"] == "header.idempotency-key"


def test_a_key_may_be_long(http: Http) -> None:
    http.create(start=False)
    written = tokens.create("n" * 60, "write").written
    eventually(lambda: http.get("/api/gan/machines").status_code == 401)
    http.headers["Authorization"] = f"Bearer {written}"
    assert seed(http, "x" * 190).status_code == 202


def test_a_check_of_a_profile_takes_a_key_and_keeps_nothing(http: Http) -> None:
    arguments = as_json(profile_of("pump_1"))
    headers = {**arguments["headers"], "Idempotency-Key": "seven"}  # type: ignore[dict-item]
    for _ in range(2):
        answer = http.post(
            "/api/gan/profiles/validate", content=arguments["content"], headers=headers
        )
        assert answer.json() == {"valid": True, "problems": []}
    with reading():
        assert not Answer.select().exists()


def test_gc_removes_answers_after_a_day(http: Http) -> None:
    http.create(start=False)
    seed(http, "old")
    seed(http, "young")
    with transaction():
        day = 24 * 3600 * 1000
        Answer.update(created_at=Answer.created_at - day - 1000).where(
            Answer.key == "anyone old"
        ).execute()
    store = http.service.store
    found = garbage_collection.find(store)
    assert list(found.answers) == ["anyone old"]
    garbage_collection.remove(store, found)
    assert "idempotency-replayed" not in seed(http, "old").headers
    assert seed(http, "young").headers["idempotency-replayed"] == "true"
