"""What the service says of its parts, also while one of them is away."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from actors.broker.valkey import EmbeddedValkey
from benchmarks.servers import PostgreSQL
from storage.database import database, migrations, open_database
from storage.ledger.workers import beat
from storage.queries import events, jobs
from storage.schema import upgrade
from storage.settings import Settings
from tests.integration.conftest import profile_of
from tests.integration.serving import Http, as_json, serving
from tests.waiting import eventually


def test_health_reports_every_part(http: Http) -> None:
    beat("worker-1", "host", 1, ["default"])
    answer = http.get("/health")
    assert answer.status_code == 200
    parts = answer.json()["parts"]
    assert answer.json()["ok"]
    assert re.fullmatch(r"(SQLite|PostgreSQL) \S+, up to date", parts["ledger"]["says"])
    assert parts["broker"]["says"].startswith("Valkey ")
    assert parts["artifacts"] == {"ok": True, "says": "there"}
    assert parts["workers"] == {"ok": True, "says": "1 alive"}
    assert parts["rate limit"] == {"ok": True, "says": "off"}
    assert http.get("/livez").json() == {"status": "alive"}
    assert http.get("/readyz").json() == {"status": "ready"}


def test_without_a_broker_the_service_is_unhealthy_and_still_ready(
    http: Http, valkey: EmbeddedValkey
) -> None:
    valkey.kill()
    answer = http.get("/health")
    assert answer.status_code == 503
    assert answer.json()["parts"]["broker"] == {"ok": False, "says": "does not answer"}
    assert answer.json()["parts"]["ledger"]["ok"]
    assert http.get("/readyz").status_code == 200
    created = http.post("/api/gan/machines", **as_json(profile_of("pump_1")))
    assert created.status_code == 201
    assert jobs.jobs()[0].dispatched_at is None  # A steward sends it.
    valkey.ensure()
    assert http.get("/health").status_code == 200


def test_health_knows_without_any_request_whether_requests_are_counted(
    ledger: Settings, valkey: EmbeddedValkey, redis_url: str
) -> None:
    settings = ledger.model_copy(update={"redis_url": SecretStr(redis_url)})
    with serving(settings, rate_limit=2) as http:

        def part() -> dict[str, Any]:
            shown: dict[str, Any] = http.get("/health").json()["parts"]["rate limit"]
            return shown

        valkey.kill()
        away = {"ok": False, "says": "not enforced while the broker does not answer"}
        assert part() == away
        valkey.ensure()
        eventually(lambda: part() == {"ok": True, "says": "counts requests"}, 10)


def test_while_the_database_is_down_the_service_says_so_and_recovers(
    tmp_path: Path, redis_url: str
) -> None:
    with PostgreSQL() as postgres:
        settings = Settings(
            home=tmp_path,
            database_url=SecretStr(postgres.url),
            redis_url=SecretStr(redis_url),
        )
        open_database(settings)
        upgrade()
        with serving(settings) as http:
            http.create()
            database.close()
            postgres.stop()
            for method, path in (
                ("GET", "/api/gan/machines"),
                ("GET", "/api/events"),
                ("GET", "/api/gan/tasks/1"),
                ("DELETE", "/api/gan/machines/pump_1"),
                ("POST", "/api/gan/machines/pump_1/seed"),
                ("GET", "/readyz"),
                ("GET", "/metrics"),
            ):
                answer = http.request(method, path, headers={"Idempotency-Key": "once"})
                assert answer.status_code == 503, (method, path)
                assert answer.headers["retry-after"] == "2"
                assert answer.headers["content-type"] == "application/problem+json"
                assert "postgres" not in answer.text
            assert http.get("/livez").status_code == 200
            health = http.get("/health")
            assert health.status_code == 503
            assert not health.json()["parts"]["ledger"]["ok"]
            postgres.start()
            eventually(lambda: http.get("/readyz").status_code == 200)
            assert http.get("/health").status_code == 200
            # Threads of before and their connections are used again: every one of them mends.
            answers = [http.get("/api/gan/machines") for _ in range(40)]
            assert {answer.status_code for answer in answers} == {200}
            assert len(events.events()) == 1
            # A restart between two requests fails none.
            postgres.stop()
            postgres.start()
            answers = [http.get("/api/gan/machines") for _ in range(40)]
            assert {answer.status_code for answer in answers} == {200}
        database.close()


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_service_that_is_too_old_for_the_ledger_is_not_ready(http: Http) -> None:
    assert http.get("/readyz").status_code == 200
    migrations().History.create(name="0100_owners_breaking")
    answer = http.get("/readyz")
    assert answer.status_code == 503
    assert "install that version" in answer.json()["detail"]
    assert http.get("/health").status_code == 503


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_a_service_whose_database_hangs_is_not_ready_after_a_second(
    http: Http, settings: Settings
) -> None:
    assert http.get("/readyz").status_code == 200
    assert settings.database_url is not None
    with psycopg.connect(settings.database_url.get_secret_value()) as holder:
        holder.execute("LOCK TABLE schema_migration IN ACCESS EXCLUSIVE MODE")
        answer = http.get("/readyz")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert http.get("/readyz").status_code == 200
