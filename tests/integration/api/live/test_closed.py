"""How sockets end, and what is heard of them until then."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from api.live import sockets
from api.server import SERVER_OPTIONS
from storage.clients import tokens
from storage.database import database
from storage.settings import Settings
from tests.integration.following import begun, following
from tests.integration.serving import Http, serving
from tests.waiting import eventually


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """One database: what is tested here does not depend on it."""
    return Settings(home=tmp_path)


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
        assert "write the seq of your last message" in reason

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


def test_an_open_socket_gets_pings(http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sockets.PING_SECONDS == SERVER_OPTIONS["ws_ping_interval"] == 20
    monkeypatch.setattr(sockets, "PING_SECONDS", 0.1)
    with following(http, "/ws/fleet") as follower:
        assert [follower.next()["type"] for _ in range(4)] == ["synced"] + ["ping"] * 3
