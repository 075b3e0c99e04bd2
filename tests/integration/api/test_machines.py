"""Machines over HTTP: taken in, shown, deleted, on both databases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from events.vocabulary import ModelTrained, SeedReady
from GAN.layout import model_key, report_key, seed_key, split_key
from GAN.profiles.catalogue import template_text
from storage.artifacts.store import LocalStore
from storage.operations import garbage_collection
from storage.queries import events, jobs, machines
from storage.settings import Settings
from tests.integration.collecting import folders
from tests.integration.conftest import profile_of
from tests.integration.serving import Http, as_json, serving
from tests.postgres import Postgres


def test_a_profile_in_json_becomes_a_machine_whose_chain_starts(http: Http) -> None:
    answer = http.post("/api/gan/machines", **as_json(profile_of("pump_1")))
    assert answer.status_code == 201
    assert answer.headers["location"] == "/api/gan/machines/pump_1"
    assert answer.json()["status"] == "pending"
    assert answer.json()["stage"] == "generate_seed"
    (event,) = events.events()
    assert (event.type, event.key) == ("MachineCreated", "MachineCreated:pump_1")
    assert jobs.jobs()[0].id == answer.json()["task_id"]


@pytest.mark.parametrize("media_type", ["application/yaml", "application/x-yaml", "text/yaml"])
def test_a_profile_in_yaml_does_too(http: Http, media_type: str) -> None:
    headers = {"Content-Type": f"{media_type}; charset=utf-8"}
    answer = http.post("/api/gan/machines", content=template_text("fan"), headers=headers)
    assert answer.status_code == 201, answer.text
    assert machines.machine(answer.json()["machine_id"]).category == "fan"


def test_a_machine_can_be_known_without_being_started(http: Http) -> None:
    http.create("pump_1", start=False)
    assert events.events() == []
    shown = http.get("/api/gan/machines/pump_1").json()
    assert (shown["status"], shown["stage"], shown["task_id"]) == ("created", None, None)
    assert shown["chain"] == []


def test_every_problem_of_a_profile_is_listed_and_nothing_is_written(http: Http) -> None:
    broken = json.loads(profile_of("pump_1").model_dump_json())
    broken["machine_id"] = "Pump 1"
    broken["sensors"][0]["normal"] = {"min": 5}
    answer = http.post("/api/gan/machines", json=broken)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problems = {problem["path"]: problem for problem in answer.json()["errors"]}
    assert {"machine_id", "sensors[0].normal.max"} <= problems.keys()
    assert problems["sensors[0].normal.max"]["message"] == "missing"
    assert machines.machines() == []


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({}, "exists with this profile; see GET /api/gan/machines/pump_1"),
        ({"model": "other"}, "or first DELETE /api/gan/machines/pump_1"),
    ],
)
def test_a_machine_that_there_is_is_refused_with_what_to_do(
    http: Http, changes: dict[str, str], advice: str
) -> None:
    http.create("pump_1")
    answer = http.post("/api/gan/machines", **as_json(profile_of("pump_1", **changes)))
    assert answer.status_code == 409
    assert advice in answer.json()["detail"]
    assert len(events.events()) == 1


def test_of_many_clients_that_create_one_machine_at_once_one_succeeds(http: Http) -> None:
    profile = as_json(profile_of("pump_1"))
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda _: http.post("/api/gan/machines", **profile), range(6)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    assert len(events.events()) == 1


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_of_another_type_is_refused(http: Http, media_type: str) -> None:
    headers = {"Content-Type": media_type}
    answer = http.post("/api/gan/machines", content=b"machine_id: pump_1", headers=headers)
    assert answer.status_code == 415
    assert "application/yaml" in answer.json()["detail"]


def test_a_machine_is_shown_with_its_chain_its_files_its_model_and_its_report(http: Http) -> None:
    http.create("pump_1")
    (seed,) = jobs.jobs()
    model = model_key("pump_1", 50)
    http.finish(
        seed.id,
        SeedReady(machine_id="pump_1", seed_key=seed_key("pump_1")),
        {seed_key("pump_1"): b"seed"},
    )
    trained = ModelTrained(
        machine_id="pump_1",
        model_key=model,
        final_loss=-1.5,
        training_time_seconds=2.0,
        num_features=4,
    )
    http.finish(jobs.jobs()[0].id, trained, {model: b"model", report_key("pump_1"): b"{}"})
    shown = http.get("/api/gan/machines/pump_1").json()
    assert shown["profile"]["machine_id"] == "pump_1"
    steps = [(step["event_type"], step["stage"], step["status"]) for step in shown["chain"]]
    assert steps == [
        ("MachineCreated", "generate_seed", "success"),
        ("SeedReady", "train_tvae", "success"),
        ("ModelTrained", "generate_synthetic", "pending"),
    ]
    assert {file["key"] for file in shown["artifacts"]} == {
        seed_key("pump_1"),
        model,
        report_key("pump_1"),
    }
    assert all(file["published_at"] for file in shown["artifacts"])
    assert shown["latest_model"]["version"] == 1
    assert (shown["latest_model"]["key"], shown["latest_model"]["final_loss"]) == (model, -1.5)
    assert shown["report"]["href"] == "/api/gan/machines/pump_1/report"
    assert http.get(shown["report"]["href"]).json() == {}


def test_a_deleted_machine_is_gone_with_its_tasks_and_files(http: Http) -> None:
    http.create("pump_1")
    http.create("pump_2")
    (first,) = jobs.jobs(machine_id="pump_1")
    files = {seed_key("pump_1"): b"seed", split_key("pump_1", "train"): b"set"}
    http.finish(first.id, SeedReady(machine_id="pump_1"), files)
    root = http.service.settings.home
    assert (root / seed_key("pump_1")).read_bytes() == b"seed"
    assert http.delete("/api/gan/machines/pump_1").status_code == 204
    assert http.get("/api/gan/machines/pump_1").status_code == 404
    assert http.get(f"/api/gan/tasks/{first.id}").status_code == 404
    assert [one.machine_id for one in machines.machines()] == ["pump_2"]
    assert not (root / seed_key("pump_1")).exists()
    assert not (root / ".staged/pump_1").exists()
    assert not (root / "GAN/data/synthetic/pump_1").exists()
    assert http.delete("/api/gan/machines/pump_1").status_code == 404


def test_files_that_cannot_be_removed_with_their_machine_are_left_to_gc(
    http: Http, tmp_path: Path
) -> None:
    http.create("pump_1")
    job = jobs.jobs()[0].id
    http.finish(job, SeedReady(machine_id="pump_1"), {seed_key("pump_1"): b"seed"})
    store = http.service.store
    (tmp_path / "file").write_text("")
    http.replace_store(LocalStore(tmp_path / "file"))  # As if the disk had gone.
    assert http.delete("/api/gan/machines/pump_1").status_code == 204
    assert http.get("/api/gan/machines/pump_1").status_code == 404
    root = http.service.settings.home
    assert (root / seed_key("pump_1")).exists()
    garbage_collection.remove(store, garbage_collection.find(store))
    assert not (root / seed_key("pump_1")).exists()
    assert folders(store) == []


STRANGE = ["pump_9", "Pump", "..", "%00", "pump_1%00", "x" * 500, "%ED%A0%80", "a%0Ab", "%2e%2e"]


@pytest.mark.parametrize("machine_id", STRANGE)
@pytest.mark.parametrize(
    ("method", "rest"),
    [
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/seed"),
        ("POST", "/train"),
        ("POST", "/generate"),
        ("GET", "/data/train"),
        ("GET", "/report"),
        ("GET", "/report.html"),
    ],
)
def test_an_id_that_is_not_in_the_ledger_is_not_found(
    site_of_many: Http, machine_id: str, method: str, rest: str
) -> None:
    answer = site_of_many.request(method, f"/api/gan/machines/{machine_id}{rest}")
    # A client resolves `..` itself: what it asks for then may be a route with other methods.
    resolved = machine_id in ("..", "%2e%2e")
    assert answer.status_code in ((404, 405) if resolved else (404,)), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code


@pytest.fixture(scope="module")
def site_of_many(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> Iterator[Http]:
    """One for all of these, over PostgreSQL, which minds more."""
    from pydantic import SecretStr

    from storage.database import database, open_database
    from storage.schema import upgrade

    postgres.drop_all()
    settings = Settings(home=tmp_path_factory.mktemp("many"), database_url=SecretStr(postgres.url))
    open_database(settings)
    upgrade()
    with serving(settings) as client:
        yield client
    database.close()
