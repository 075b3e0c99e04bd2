"""WebSockets that follow tasks and the fleet: a real server, Valkey, and both databases."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any

import pytest
import redis

from api.live import hub, sockets
from events.bus import new_event
from events.vocabulary import ModelTrained, SeedReady
from storage.database import transaction
from storage.ledger import leases
from storage.operations import control
from storage.queries import jobs
from storage.tables import Job
from tests.integration.following import begun, finish, following, listening, report, training_begun
from tests.integration.serving import Http
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("each_report_is_written")

FIELDS = {
    *("v", "seq", "ts", "type", "machine_id", "task_id", "stage", "chain"),
    *("status", "progress", "epoch", "loss", "message"),
}


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


def test_a_task_that_has_ended_sends_its_end_at_once(http: Http, redis_client: redis.Redis) -> None:
    claim = begun(http)
    finish(redis_client, claim)
    seq = jobs.job(claim.job_id).seq
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
        leases.fail(claim, "no room", new_event(SeedReady(machine_id="pump_1"), "c" * 32),
                    retryable=True)  # fmt: skip
        waiting = follower.next()
        assert (waiting["type"], waiting["status"]) == ("delta", "pending")
        assert waiting["message"] == "no room"
        control.cancel(claim.job_id)
        last = follower.next()
        assert (last["type"], last["status"]) == ("terminal", "cancelled")


@pytest.mark.usefixtures("by_ledger_alone")
def test_an_update_that_redis_loses_is_sent_within_two_seconds(
    http: Http, redis_client: redis.Redis
) -> None:
    claim = begun(http)
    took = []
    with following(http, f"/ws/tasks/{claim.job_id}") as follower:
        follower.next()
        for percent in range(10, 60, 10):
            began = time.monotonic()
            report(redis_client, claim, percent)
            follower.until(lambda message, sent=percent: message["progress"] == sent)
            took.append(time.monotonic() - began)
    assert hub.LOOK_SECONDS + 0.5 <= 2
    assert median(took) < 2


def test_a_task_whose_worker_is_lost_is_stale(http: Http) -> None:
    claim = begun(http)
    with following(http, f"/ws/tasks/{claim.job_id}") as follower:
        assert follower.next()["status"] == "running"
        with transaction():
            Job.update(lease_until=1).execute()
        lost = follower.next()
        assert (lost["type"], lost["status"]) == ("delta", "stale")


@pytest.mark.usefixtures("by_redis_alone")
def test_a_client_that_reconnects_gets_only_what_is_new(
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
