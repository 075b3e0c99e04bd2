"""WebSockets that follow the whole fleet: a real server, Valkey, and both databases."""

from __future__ import annotations

import threading
from collections.abc import Collection

import pytest
import redis

from api.live import hub
from storage.database import transaction
from storage.operations import control
from storage.queries import jobs
from storage.queries.task_states import TaskState
from storage.tables import Job
from tests.integration.conftest import add_machine
from tests.integration.following import begun, following, report
from tests.integration.serving import Http

pytestmark = pytest.mark.usefixtures("each_report_is_written")


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


def test_a_client_that_reconnects_to_the_fleet_gets_what_changed_since(http: Http) -> None:
    for name in ("pump_1", "pump_2"):
        http.create(name)
    seq = max(job.seq for job in jobs.jobs())
    with transaction():  # As if pump_2's task had not changed for long.
        Job.update(seq=Job.seq - 60_000).where(Job.machine == "pump_2").execute()
    with following(http, f"/ws/fleet?since={seq}") as follower:
        again = follower.next()
        assert (again["type"], again["machine_id"]) == ("snapshot", "pump_1")
        assert follower.next()["machine_ids"] == ["pump_1", "pump_2"]
        control.cancel(jobs.jobs(machine_id="pump_2")[0].id)
        assert follower.next()["machine_id"] == "pump_2"


def test_a_poll_for_all_sockets_skips_a_socket_without_its_initial_states(
    http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It knows alone what its client need not hear again."""
    http.create("pump_1")
    with transaction():
        Job.update(seq=Job.seq - 60_000).execute()
    own, others, read = threading.Semaphore(1), threading.Semaphore(0), hub.states

    def states(followed: Collection[int | None]) -> dict[int | None, list[TaskState]]:
        found = read(followed)
        if None in followed and own.acquire(blocking=False):
            for _ in range(2):  # The second of them begins after the first has been sent.
                assert others.acquire(timeout=10)
        else:
            others.release()
        return found

    monkeypatch.setattr(hub, "states", states)
    monkeypatch.setattr(hub, "LOOK_SECONDS", 0.01)
    with following(http, f"/ws/fleet?since={jobs.jobs()[0].seq + 60_000}") as follower:
        assert follower.next()["type"] == "synced"


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
