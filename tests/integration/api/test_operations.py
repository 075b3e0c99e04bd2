"""Queues, workers, lists of tasks, and why a machine is not finished; on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from actors.broker.valkey import EmbeddedValkey
from cli import fleetforge
from errors import LedgerUnavailable
from events.bus import new_event
from events.vocabulary import StageFailed
from storage.database import execute, is_sqlite, transaction
from storage.ledger import leases, queues
from storage.ledger.workers import beat
from storage.operations import control
from storage.queries import jobs
from storage.status import JobStatus
from tests.integration.conftest import add_event
from tests.integration.following import begun
from tests.integration.serving import Http, claimed

#: By whether it is SQLite.
EXPLAIN = {True: "EXPLAIN QUERY PLAN", False: "EXPLAIN"}

TASKS, QUEUES = "/api/gan/tasks", "/api/gan/queues"


def failed_task(http: Http, machine_id: str = "pump_1") -> int:
    http.create(machine_id)
    claim = claimed(jobs.jobs(machine_id=machine_id)[0].id)
    event = StageFailed(machine_id=machine_id, stage=claim.stage, reason="disk full")
    fact = new_event(event, claim.correlation_id)
    leases.fail(claim, "disk full", fact, retryable=False)
    return claim.job_id


class TestTasks:
    def test_they_are_listed_newest_first_a_page_at_a_time(self, http: Http) -> None:
        for number in range(5):
            http.create(f"pump_{number}")
        found: list[dict[str, Any]] = []
        cursor = None
        while True:
            query: dict[str, Any] = {"limit": 2} | ({"cursor": cursor} if cursor else {})
            page = http.get(TASKS, params=query).json()
            found += page["items"]
            if (cursor := page["next_cursor"]) is None:
                break
        assert [task["machine_id"] for task in found] == [f"pump_{n}" for n in (4, 3, 2, 1, 0)]

    def test_they_are_found_by_status_stage_machine_and_chain(self, http: Http) -> None:
        failed_task(http, "pump_1")
        http.create("pump_2")
        add_event("SeedReady", "pump_2", stages=["train_tvae"], queue="train")

        def ids(**query: str) -> set[tuple[str, str]]:
            items = http.get(TASKS, params=query).json()["items"]
            return {(task["machine_id"], task["stage"]) for task in items}

        seed_1, seed_2 = ("pump_1", "generate_seed"), ("pump_2", "generate_seed")
        assert ids(status="failed") == {seed_1}
        assert ids(status="stale") == set()
        assert ids(stage="generate_seed") == {seed_1, seed_2}
        assert ids(stage="train_tvae", machine_id="pump_1") == set()
        assert ids(machine_id="pump_2") == {seed_2, ("pump_2", "train_tvae")}
        assert ids(chain="condition") == set()
        assert http.get(TASKS, params={"status": "odd"}).status_code == 422
        assert http.get(TASKS, params={"order": "x"}).status_code == 422

    def test_one_in_the_list_is_as_by_itself(self, http: Http) -> None:
        task_id = failed_task(http)
        (listed,) = http.get(TASKS).json()["items"]
        alone = http.get(f"{TASKS}/{task_id}").json()
        assert {name: alone[name] for name in listed.keys() & alone.keys()} == {
            name: listed[name] for name in listed.keys() & alone.keys()
        }
        assert (listed["error"], listed["queue"], listed["worker"]) == (
            "disk full",
            "default",
            "worker-1",
        )

    def test_a_failed_one_can_be_retried_once(self, http: Http) -> None:
        task_id = failed_task(http)
        answer = http.post(f"{TASKS}/{task_id}/retry")
        assert (answer.status_code, answer.json()["status"]) == (202, "pending")
        assert jobs.job(task_id).dispatched_at is not None
        again = http.post(f"{TASKS}/{task_id}/retry")
        assert again.status_code == 409
        assert "nothing to retry" in again.json()["detail"]

    def test_a_repeated_request_retries_it_once(self, http: Http) -> None:
        task_id = failed_task(http)
        key = {"Idempotency-Key": "retry-1"}
        answers = [http.post(f"{TASKS}/{task_id}/retry", headers=key) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [202, 202]
        assert answers[1].headers["idempotency-replayed"] == "true"

    def test_one_that_waits_can_be_cancelled_and_retried(self, http: Http) -> None:
        http.create()
        task_id = jobs.jobs()[0].id
        answer = http.post(f"{TASKS}/{task_id}/cancel")
        assert (answer.status_code, answer.json()["status"]) == (202, "cancelled")
        assert http.post(f"{TASKS}/{task_id}/cancel").status_code == 409
        assert http.post(f"{TASKS}/{task_id}/retry").status_code == 202
        assert jobs.job(task_id).status == "pending"

    def test_each_act_is_an_event_with_who_did_it_and_changes_no_status(self, http: Http) -> None:
        http.create()
        task_id = jobs.jobs()[0].id
        http.post(f"{TASKS}/{task_id}/cancel")
        http.post(f"{TASKS}/{task_id}/retry")
        http.delete(f"{TASKS}/{task_id}")
        assert http.delete(f"{TASKS}/{task_id}").status_code == 409
        created, *acts = http.get("/api/events", params={"sort": "id"}).json()["items"]
        assert [act["type"] for act in acts] == [
            "StageCancelled",
            "StageRetried",
            "StageCancelled",
        ]
        for act in acts:
            assert act["payload"] == {"stage": "generate_seed", "job_id": task_id}
            assert (act["actor"], act["effect"], act["job_id"]) == ("anyone", "notice", None)
            assert act["causation_id"] == created["id"]
            assert act["correlation_id"] == created["correlation_id"]
        assert http.get("/api/gan/machines/pump_1").json()["status"] == "cancelled"

    @pytest.mark.parametrize("status", [one for one in JobStatus if one is not JobStatus.SUCCESS])
    def test_those_of_a_status_are_found_by_an_index(
        self, http: Http, monkeypatch: pytest.MonkeyPatch, status: JobStatus
    ) -> None:
        """PostgreSQL reads all of a small table, so it is kept from that."""
        failed_task(http)
        plans: list[str] = []

        def explained(statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
            with transaction():
                if not is_sqlite():
                    execute("SET LOCAL enable_seqscan = off")
                    execute("SET LOCAL enable_sort = off")
                plan = execute(f"{EXPLAIN[is_sqlite()]} {statement}", **parameters)
            plans.append(str(plan))
            return execute(statement, **parameters)

        monkeypatch.setattr(jobs, "execute", explained)
        http.get(TASKS, params={"status": status})
        assert "jobs_not_done" in plans[-1]

    @pytest.mark.parametrize("act", ["retry", "cancel"])
    def test_there_never_was_such_a_task(self, http: Http, act: str) -> None:
        assert http.post(f"{TASKS}/99/{act}").status_code == 404
        assert http.post(f"{TASKS}/first/{act}").status_code == 422


class TestQueues:
    def test_all_that_stages_use_are_listed_with_their_load(self, http: Http) -> None:
        http.create()
        listed = {queue["name"]: queue for queue in http.get(QUEUES).json()["items"]}
        assert {"default", "predictor", "telemetry", "train"} <= listed.keys()
        assert list(listed) == sorted(listed)
        default = listed["default"]
        assert (default["due"], default["running"], default["paused_at"]) == (1, 0, None)
        assert default["oldest_due_at"] == jobs.jobs()[0].due_at

    def test_a_paused_queue_starts_no_task_until_it_is_resumed(self, http: Http) -> None:
        path = f"{QUEUES}/default"
        paused = http.post(path, json={"paused": True, "priority": 5, "concurrency": 2}).json()
        assert paused["paused_at"] is not None
        assert (paused["priority"], paused["concurrency"]) == (5, 2)
        http.create()
        with transaction():  # As a worker does that gets a task of a paused queue.
            execute("UPDATE jobs SET dispatched_at = NULL")
        assert claims_nothing()
        resumed = http.post(path, json={"paused": False}).json()
        assert (resumed["paused_at"], resumed["priority"], resumed["concurrency"]) == (None, 5, 2)
        assert jobs.jobs()[0].dispatched_at is not None
        assert http.post(path, json={"concurrency": None}).json()["concurrency"] is None

    def test_it_shows_who_changed_it_last(self, http: Http) -> None:
        changed = http.post(f"{QUEUES}/train", json={"priority": 3}).json()
        assert changed["changed_by"] == "anyone"
        queues.pause("train", "cli")
        (train,) = (one for one in http.get(QUEUES).json()["items"] if one["name"] == "train")
        assert train["changed_by"] == "cli"
        assert train["changed_at"] >= changed["changed_at"]

    def test_a_change_of_several_settings_is_made_whole_or_not_at_all(
        self, http: Http, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> None:
            raise LedgerUnavailable("the connection is lost")

        monkeypatch.setattr(queues, "prefer", fail)
        change = {"paused": True, "concurrency": 2, "priority": 5}
        assert http.post(f"{QUEUES}/train", json=change).status_code == 503
        (train,) = (one for one in http.get(QUEUES).json()["items"] if one["name"] == "train")
        assert (train["paused_at"], train["concurrency"], train["changed_at"]) == (None, None, None)

    @pytest.mark.parametrize(
        "change",
        [{}, {"concurrency": 0}, {"priority": 1001}, {"paused": "yes"}, {"limit": 1}],
    )
    def test_a_wrong_change_is_refused(self, http: Http, change: dict[str, Any]) -> None:
        answer = http.post(f"{QUEUES}/train", json=change)
        assert answer.status_code == 422
        assert answer.json()["errors"]

    def test_an_unknown_queue_is_refused_with_those_that_there_are(self, http: Http) -> None:
        answer = http.post(f"{QUEUES}/trian", json={"paused": True})
        assert answer.status_code == 404
        assert "there are default, predictor, telemetry, train" in answer.json()["detail"]


def claims_nothing() -> bool:
    from storage.ledger import claims

    return claims.claim(jobs.jobs()[0].id, "worker-1", 30) is None


def test_workers_are_listed_with_the_tasks_that_they_run(http: Http) -> None:
    assert http.get("/api/gan/workers").json() == {"items": []}
    claim = begun(http)
    beat("worker-2", "host-b", 2, ["train", "predictor"])
    beat("worker-3", "host-b", 3, ["train"], ready=False)
    beat("worker-4", "host-b", 4, ["train"])
    with transaction():
        execute("UPDATE workers SET seen_at = seen_at - 60000 WHERE id = 'worker-4'")
    workers = {one["id"]: one for one in http.get("/api/gan/workers").json()["items"]}
    assert {name: one["state"] for name, one in workers.items()} == {
        "worker-1": "running",
        "worker-2": "idle",
        "worker-3": "starting",
        "worker-4": "silent",
    }
    (task,) = workers["worker-1"]["tasks"]
    assert (task["task_id"], task["stage"], task["status"]) == (
        claim.job_id,
        "generate_seed",
        "running",
    )
    assert workers["worker-2"]["queues"] == ["train", "predictor"]
    assert workers["worker-4"]["silent_seconds"] == pytest.approx(60, abs=5)


def test_why_says_what_the_command_says(http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    http.create()
    beat("worker-1", "host", 1, ["default"])
    http.post(f"{QUEUES}/default", json={"paused": True})
    said = http.get("/api/gan/machines/pump_1/why").json()
    assert said["waits_for"] == "queue 'default' is paused"
    assert said["advice"] == "fleetforge queues resume default"
    settings = http.service.settings
    monkeypatch.setenv("FLEETFORGE_HOME", str(settings.home))
    assert settings.redis_url is not None
    monkeypatch.setenv("FLEETFORGE_REDIS_URL", settings.redis_url.get_secret_value())
    if settings.database_url is not None:
        monkeypatch.setenv("FLEETFORGE_DATABASE_URL", settings.database_url.get_secret_value())
    printed = CliRunner().invoke(fleetforge, ["why", "pump_1"]).output
    for name in ("state", "waits_for", "advice"):
        assert said[name] in printed
    control.cancel(jobs.jobs()[0].id)
    assert "jobs retry" in http.get("/api/gan/machines/pump_1/why").json()["advice"]
    assert http.get("/api/gan/machines/pump_2/why").status_code == 404


def test_why_names_a_broker_that_does_not_answer(http: Http, valkey: EmbeddedValkey) -> None:
    http.create()
    beat("worker-1", "host", 1, ["default"])
    valkey.kill()
    waits_for = http.get("/api/gan/machines/pump_1/why").json()["waits_for"]
    valkey.ensure()
    assert waits_for == "the broker: it does not answer"
