"""WebSockets that follow tasks and the fleet: a real server, Valkey, and both databases."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from statistics import median
from typing import Any

import pytest
import redis
from pydantic import SecretStr
from structlog.testing import capture_logs

from actors import broker, progress
from api import live, sockets
from api.guard import SERVER_OPTIONS
from events.bus import as_fact
from events.vocabulary import ModelTrained, SeedReady
from storage import control, ledger, standing, tokens
from storage.database import database, transaction
from storage.settings import Settings
from storage.tables import Job
from tests.integration.conftest import add_machine
from tests.integration.following import (
    begun,
    finish,
    following,
    listening,
    report,
    training_begun,
)
from tests.integration.serving import Http, serving
from tests.waiting import eventually

FIELDS = {
    *("v", "seq", "ts", "type", "machine_id", "task_id", "stage"),
    *("status", "progress", "epoch", "loss", "message"),
}


@pytest.fixture
def redis_client(http: Http) -> redis.Redis:
    return broker.connect(http.service.settings, broker.PROGRESS_DB)


@pytest.fixture
def by_redis_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its first look, the service does not look into the ledger again."""
    monkeypatch.setattr(live, "LOOK_SECONDS", 3600)


@pytest.fixture
def by_ledger_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is told to Redis is lost."""
    monkeypatch.setattr(redis.Redis, "publish", lambda *_: None)


@pytest.fixture(autouse=True)
def _each_report_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LEDGER_INTERVAL_SECONDS", 0)


@pytest.mark.usefixtures("by_redis_alone")
def test_a_task_is_followed_from_a_snapshot_to_its_end(
    http: Http, redis_client: redis.Redis
) -> None:
    claim = begun(http)
    report(redis_client, claim, 20, "simulating")
    with following(http, f"/ws/gan/seed/{claim.job_id}") as follower:
        first = follower.next()
        assert set(first) == FIELDS
        assert (first["type"], first["status"], first["progress"]) == ("snapshot", "running", 20)
        assert (first["v"], first["task_id"], first["stage"]) == (1, claim.job_id, "generate_seed")
        eventually(lambda: listening(redis_client))
        report(redis_client, claim, 40, "writing")
        second = follower.until(lambda message: message["progress"] == 40)
        assert (second["type"], second["message"]) == ("delta", "writing")
        assert (second["epoch"], second["loss"]) == (40, 5.0)
        finish(redis_client, claim)
        last = follower.next()
        assert (last["type"], last["status"], last["progress"]) == ("terminal", "success", 100)
        assert first["seq"] < second["seq"] < last["seq"]
        assert follower.close_code() == (1000, "the task has ended")


def test_of_a_task_that_has_ended_the_end_is_told_at_once(
    http: Http, redis_client: redis.Redis
) -> None:
    claim = begun(http)
    finish(redis_client, claim)
    seq = standing.job(claim.job_id)["seq"]
    for since in ("", f"?since={seq}"):  # Who comes back too late has to hear of it, too.
        with following(http, f"/ws/tasks/{claim.job_id}{since}") as follower:
            last = follower.next()
            assert (last["type"], last["status"], last["seq"]) == ("terminal", "success", seq)
            assert follower.close_code()[0] == 1000


@pytest.mark.usefixtures("by_ledger_alone")
def test_what_redis_loses_the_ledger_repairs(http: Http, redis_client: redis.Redis) -> None:
    claim = begun(http)
    with following(http, f"/ws/tasks/{claim.job_id}") as follower:
        assert follower.next()["type"] == "snapshot"
        report(redis_client, claim, 60)
        assert follower.next()["progress"] == 60
        ledger.fail(claim, "no room", as_fact(SeedReady(machine_id="pump_1"), "c" * 32, None),
                    retryable=True)  # fmt: skip
        waiting = follower.next()
        assert (waiting["type"], waiting["status"]) == ("delta", "pending")
        assert waiting["message"] == "no room"
        control.cancel(claim.job_id)
        last = follower.next()
        assert (last["type"], last["status"]) == ("terminal", "cancelled")


@pytest.mark.usefixtures("by_ledger_alone")
def test_what_redis_loses_is_told_within_two_seconds(http: Http, redis_client: redis.Redis) -> None:
    claim = begun(http)
    took = []
    with following(http, f"/ws/tasks/{claim.job_id}") as follower:
        follower.next()
        for percent in range(10, 60, 10):
            began = time.monotonic()
            report(redis_client, claim, percent)
            follower.until(lambda message, told=percent: message["progress"] == told)
            took.append(time.monotonic() - began)
    assert live.LOOK_SECONDS + 0.5 <= 2
    assert median(took) < 2


def test_who_comes_back_to_the_fleet_learns_which_machines_were_deleted(http: Http) -> None:
    for name in ("pump_1", "pump_2"):
        http.create(name)
    with following(http, "/ws/fleet") as follower:
        seq = max(follower.next()["seq"] for _ in range(2))
    assert http.delete("/api/gan/machines/pump_2").status_code == 204
    http.create("pump_3", start=False)
    with following(http, f"/ws/fleet?since={seq}") as follower:
        heard = [follower.next()]
        while heard[-1]["type"] != "synced":
            heard.append(follower.next())
    assert heard[-1]["machine_ids"] == ["pump_1", "pump_3"]
    assert "pump_3" in {message["machine_id"] for message in heard[:-1]}


@pytest.mark.usefixtures("by_ledger_alone")
def test_a_machine_that_is_deleted_and_created_again_between_two_looks_is_shown(
    http: Http,
) -> None:
    begun(http)
    with following(http, "/ws/fleet") as follower:
        first = follower.next()
        assert follower.next()["type"] == "synced"
        with transaction():
            control.delete_machine("pump_1")
            add_machine("pump_1")
        again = follower.next()
    assert (again["status"], again["task_id"]) == ("created", None)
    assert again["seq"] > first["seq"]


def test_a_task_whose_worker_is_lost_is_stale(http: Http) -> None:
    claim = begun(http)
    with following(http, f"/ws/tasks/{claim.job_id}") as follower:
        assert follower.next()["status"] == "running"
        with transaction():
            Job.update(lease_until=1).execute()
        lost = follower.next()
        assert (lost["type"], lost["status"]) == ("delta", "stale")


@pytest.mark.usefixtures("by_redis_alone")
def test_who_comes_back_is_told_only_what_is_new(
    http: Http, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "PING_SECONDS", 0.2)
    claim = begun(http)
    report(redis_client, claim, 20)
    path = f"/ws/tasks/{claim.job_id}"
    with following(http, path) as follower:
        seq = follower.next()["seq"]
    with following(http, f"{path}?since={seq}") as follower:
        assert follower.next()["type"] == "ping"
        eventually(lambda: listening(redis_client))
        report(redis_client, claim, 30)
        again = follower.until(lambda message: message["type"] != "ping")
        assert (again["type"], again["progress"]) == ("delta", 30)
    with following(http, f"{path}?since={seq}") as follower:
        missed = follower.next()
        assert (missed["type"], missed["progress"]) == ("snapshot", 30)


@pytest.mark.usefixtures("by_redis_alone")
def test_listening_goes_on_when_redis_has_dropped_the_connection(
    http: Http, redis_client: redis.Redis
) -> None:
    claim = begun(http)
    with following(http, f"/ws/tasks/{claim.job_id}") as follower:
        follower.next()
        eventually(lambda: listening(redis_client))
        assert redis_client.client_kill_filter(_type="pubsub") == 1
        eventually(lambda: listening(redis_client))
        report(redis_client, claim, 30)
        assert follower.next()["progress"] == 30


@pytest.mark.usefixtures("by_redis_alone")
def test_what_is_no_state_or_an_older_one_is_not_passed_on(
    http: Http, redis_client: redis.Redis
) -> None:
    claim = begun(http)
    report(redis_client, claim, 50)
    with following(http, f"/ws/tasks/{claim.job_id}") as follower:
        first = follower.next()
        eventually(lambda: listening(redis_client))
        older = {name: first[name] for name in FIELDS if name not in ("v", "ts", "type")}
        older |= {"seq": first["seq"] - 1, "progress": 10}
        for message in (b"\xff", "{", "[]", json.dumps({"progress": 1}), json.dumps(older)):
            redis_client.publish(f"gan:seed:{claim.job_id}", message)
        report(redis_client, claim, 60)
        assert follower.next()["progress"] == 60


class TestClosed:
    @pytest.mark.parametrize(
        "task_id", ["999", "0", "x", "1.5", "-1", "9" * 40, "9" * 5000, "%20", "١"]
    )
    def test_unknown_tasks(self, http: Http, task_id: str) -> None:
        with following(http, f"/ws/tasks/{task_id}") as follower:
            code, reason = follower.close_code()
        assert code == 4404
        assert "no task" in reason

    def test_what_is_no_number_is_named_as_it_was_asked_for(self, http: Http) -> None:
        with following(http, "/ws/tasks/abc") as follower:
            code, reason = follower.close_code()
        assert code == 4404
        assert reason.startswith("no task 'abc';")

    @pytest.mark.parametrize("path", ["/", "/ws", "/ws/tasks", "/ws/gan/training", "/ws/nothing"])
    def test_unknown_sockets(self, http: Http, path: str) -> None:
        with following(http, path) as follower:
            code, reason = follower.close_code()
        assert code == 4404
        assert "there are /ws/fleet, /ws/tasks/{task_id}" in reason

    def test_tasks_of_another_kind(self, http: Http) -> None:
        task = begun(http).job_id
        for path in (f"/ws/gan/training/{task}", f"/ws/tasks/{task}?prefix=gan:training"):
            with following(http, path) as follower:
                code, reason = follower.close_code()
            assert code == 4404
            assert f"follow it at /ws/tasks/{task}" in reason
        with following(http, f"/ws/tasks/{task}?prefix=gan:seed") as follower:
            assert follower.next()["type"] == "snapshot"

    @pytest.mark.parametrize("since", ["x", "-1", "1.5", "1e3", "9" * 20])
    def test_a_since_that_is_no_number(self, http: Http, since: str) -> None:
        with following(http, f"/ws/fleet?since={since}") as follower:
            code, reason = follower.close_code()
        assert code == 4422
        assert "write the one of your last message" in reason

    def test_when_the_machine_is_deleted(self, http: Http) -> None:
        task = begun(http).job_id
        with following(http, f"/ws/tasks/{task}") as follower:
            follower.next()
            assert http.delete("/api/gan/machines/pump_1").status_code == 204
            assert follower.next()["type"] == "removed"
            assert follower.close_code() == (4404, "its machine was deleted")

    def test_while_the_ledger_is_away(self, http: Http) -> None:
        task = begun(http).job_id
        database.execute_sql("ALTER TABLE jobs RENAME TO hidden")
        with following(http, f"/ws/tasks/{task}") as follower:
            assert follower.close_code()[0] == 1013

    def test_when_its_token_is_revoked(self, http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sockets, "PING_SECONDS", 0.1)
        bearer = {"Authorization": f"Bearer {tokens.create('ci', 'read').written}"}
        with following(http, "/ws/fleet", additional_headers=bearer) as follower:
            follower.next()
            tokens.revoke("ci")
            assert follower.close_code()[0] == 4401


def test_a_service_that_stops_says_so(ledger: Settings, redis_url: str) -> None:
    settings = ledger.model_copy(update={"redis_url": SecretStr(redis_url)})
    with ExitStack() as client:
        with serving(settings) as http:
            follower = client.enter_context(following(http, "/ws/fleet"))
            assert follower.next()["type"] == "synced"
            lines = client.enter_context(capture_logs())
        assert follower.close_code()[0] == 1012
    (line,) = (line for line in lines if line["event"] == "socket")
    assert line["code"] == 1012


def test_each_socket_has_a_line_in_the_log_without_its_query(
    ledger: Settings, redis_url: str
) -> None:
    settings = ledger.model_copy(update={"redis_url": SecretStr(redis_url)})
    with serving(settings) as http, capture_logs() as lines:
        with following(http, "/ws/tasks/7?since=5") as follower:
            follower.close_code()
        line = eventually(lambda: [line for line in lines if line["event"] == "socket"])[0]
    assert (line["path"], line["code"], line["client"]) == ("/ws/tasks/7", 4404, "127.0.0.1")


def test_an_open_socket_hears_something_now_and_then(
    http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sockets.PING_SECONDS == SERVER_OPTIONS["ws_ping_interval"] == 20
    monkeypatch.setattr(sockets, "PING_SECONDS", 0.1)
    with following(http, "/ws/fleet") as follower:
        assert [follower.next()["type"] for _ in range(4)] == ["synced"] + ["ping"] * 3


def test_the_fleet_is_followed_as_machines_come_go_and_work(
    http: Http, redis_client: redis.Redis
) -> None:
    claim = begun(http, "pump_1")
    http.create("pump_2", start=False)
    with following(http, "/ws/fleet") as follower:
        first, second = follower.next(), follower.next()
        assert (first["type"], first["machine_id"]) == ("snapshot", "pump_1")
        assert first["status"] == "running"
        assert (second["type"], second["machine_id"]) == ("snapshot", "pump_2")
        assert (second["status"], second["task_id"]) == ("created", None)
        synced = follower.next()
        assert (synced["type"], synced["machine_ids"]) == ("synced", ["pump_1", "pump_2"])
        report(redis_client, claim, 30)
        assert follower.next()["progress"] == 30
        http.create("pump_3")
        new = follower.next()
        assert (new["type"], new["machine_id"]) == ("snapshot", "pump_3")
        assert new["status"] == "pending"
        assert http.delete("/api/gan/machines/pump_2").status_code == 204
        gone = follower.next()
        assert (gone["type"], gone["machine_id"]) == ("removed", "pump_2")
        control.cancel(claim.job_id)
        ended = follower.next()
        assert (ended["type"], ended["machine_id"]) == ("terminal", "pump_1")


def test_who_comes_back_to_the_fleet_is_told_of_what_changed_since(http: Http) -> None:
    for name in ("pump_1", "pump_2"):
        http.create(name)
    seq = max(job["seq"] for job in standing.jobs())
    with transaction():  # As if pump_2's task had not changed for long.
        Job.update(seq=Job.seq - 60_000).where(Job.machine == "pump_2").execute()
    with following(http, f"/ws/fleet?since={seq}") as follower:
        again = follower.next()
        assert (again["type"], again["machine_id"]) == ("snapshot", "pump_1")
        assert follower.next()["machine_ids"] == ["pump_1", "pump_2"]
        control.cancel(standing.jobs(machine_id="pump_2")[0]["id"])
        assert follower.next()["machine_id"] == "pump_2"


@pytest.mark.usefixtures("by_redis_alone")
def test_a_slow_client_gets_the_newest_state_not_all_of_them(
    http: Http, redis_client: redis.Redis
) -> None:
    claim = begun(http)
    texts = [f"{number} {'x' * 20_000}" for number in range(400)]
    with following(http, f"/ws/tasks/{claim.job_id}", max_queue=1) as follower:
        eventually(lambda: listening(redis_client))
        with following(http, f"/ws/tasks/{claim.job_id}") as quick:
            for text in texts:  # 8 MB: more than the sockets' buffers hold.
                report(redis_client, claim, 50, text)
            quick.until(lambda message: message["message"] == texts[-1])
        heard = [follower.next()["message"]]
        while heard[-1] != texts[-1]:
            heard.append(follower.next()["message"])
    assert len(heard) < len(texts) * 0.8
    order = [texts.index(text) for text in heard if text]
    assert order == sorted(order)


def test_a_hundred_clients_of_one_training_all_hear_of_its_end(
    http: Http, redis_client: redis.Redis
) -> None:
    claim = training_begun(http)
    there = threading.Barrier(101)

    def follow(_: int) -> list[dict[str, Any]]:
        with following(http, f"/ws/gan/training/{claim.job_id}") as follower:
            heard = [follower.next()]
            there.wait(60)
            while heard[-1]["type"] != "terminal":
                heard.append(follower.next())
            assert follower.close_code()[0] == 1000
            return heard

    with ThreadPoolExecutor(100) as clients:
        ended = [clients.submit(follow, number) for number in range(100)]
        there.wait(60)
        for percent in range(0, 100, 5):
            report(redis_client, claim, percent)
        finish(redis_client, claim, ModelTrained(machine_id="pump_1", model_key="m"))
        for client in ended:
            heard = client.result(60)
            assert heard[0]["type"] == "snapshot"
            assert (heard[-1]["stage"], heard[-1]["status"]) == ("train_tvae", "success")
            numbers = [message["seq"] for message in heard]
            assert numbers == sorted(set(numbers))
