"""The service in operation: health, metrics, logs, errors, outages."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from actors.broker.valkey import EmbeddedValkey
from api.middleware.security_headers import SECURITY_HEADERS
from benchmarks.servers import PostgreSQL
from storage.clients import tokens
from storage.database import database, open_database, transaction, upgrade
from storage.ledger import queues
from storage.ledger.workers import beat
from storage.queries import events, jobs, machines
from storage.settings import PREFIX, Settings
from storage.tables import Event
from tests.integration.actors.logged_worker import environment
from tests.integration.conftest import add_event, add_machine, profile_of
from tests.integration.following import following
from tests.integration.serving import Http, as_json, serving
from tests.waiting import eventually, free_port


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


@pytest.mark.parametrize(
    ("method", "path", "status", "detail"),
    [
        ("GET", "/nowhere", 404, "no such route; see /docs"),
        ("GET", "/api/gan/machines/", 404, "no such route; see /docs"),
        ("PUT", "/api/gan/machines", 405, "PUT is not allowed here; use GET, POST"),
        ("PATCH", "/api/gan/machines/x", 405, "PATCH is not allowed here; use DELETE, GET"),
        ("POST", "/api/gan/machines/x/report", 405, "POST is not allowed here; use GET, HEAD"),
        ("GET", "/api/gan/templates/submarine", 404, None),
        ("GET", "/api/gan/templates/..%2fpump", 404, None),
        ("GET", "/api/gan/templates/pump/download?format=toml", 422, None),
    ],
)
def test_what_does_not_exist_is_answered_with_a_problem_document(
    http: Http, method: str, path: str, status: int, detail: str | None
) -> None:
    answer = http.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert detail is None or answer.json()["detail"] == detail
    if status == 405:
        assert answer.headers["allow"] in detail  # type: ignore[operator]


@pytest.mark.parametrize("media_type", ["application/x-www-form-urlencoded", "text/plain", ""])
def test_an_unsupported_body_type_is_answered_with_the_supported_one(
    http: Http, media_type: str
) -> None:
    http.create(start=False)
    headers = {"Content-Type": media_type}
    for stage in ("seed", "train", "generate"):
        path = f"/api/gan/machines/pump_1/{stage}"
        answer = http.post(path, content=b'{"epochs": 3}', headers=headers)
        assert answer.status_code == 415
        assert "write Content-Type: application/json" in answer.json()["detail"]
    assert events.events() == []


def test_without_a_token_the_body_is_not_looked_at(http: Http) -> None:
    tokens.create("boss", "admin")
    eventually(lambda: http.get("/api/gan/machines").status_code == 401)
    for path in ("machines/pump_1/train", "machines", "profiles/validate"):
        for media_type in ("application/json", "text/plain"):
            answer = http.post(
                f"/api/gan/{path}", content=b"{", headers={"Content-Type": media_type}
            )
            assert answer.status_code == 401, (path, media_type)


@pytest.mark.parametrize(
    ("body", "media_type", "message"),
    [
        (b"{", "application/json", "not JSON"),
        (b'{"epochs": 1e400}', "application/json", ""),
        (b'{"\\ud800": 1}', "application/json", ""),
        (b"\xff", "application/json", ""),
        (b"[" * 100_000, "application/json", ""),
        (b"null", "application/json", ""),
    ],
)
def test_a_body_that_cannot_be_read_is_a_problem_document(
    http: Http, body: bytes, media_type: str, message: str
) -> None:
    http.create(start=False)
    path, headers = "/api/gan/machines/pump_1/train", {"Content-Type": media_type}
    answer = http.post(path, content=body, headers=headers)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert message in answer.text
    assert events.events() == []


def test_an_unexpected_error_shows_the_client_no_traceback(
    ledger: Settings, redis_url: str
) -> None:
    """A row that nothing of ours can have written."""
    add_machine()
    add_event(stages=())
    with transaction():
        Event.update(payload="{").execute()
    log = ledger.home / "web.log"
    with web_process(environment(ledger, redis_url), log) as client:
        answer = client.get("/api/events")
        assert client.get("/livez").status_code == 200
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert {name: answer.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert "JSON" not in answer.text
    request_id = answer.headers["x-request-id"]
    assert request_id in answer.json()["detail"]
    entries = [json.loads(line) for line in log.read_text().splitlines() if line[0] == "{"]
    logged = [entry["event"] for entry in entries if entry.get("request") == request_id]
    assert sorted(logged) == ["bug", "request"]
    assert "JSONDecodeError" in log.read_text()  # With its traceback.


def test_templates_are_listed_shown_and_downloaded(http: Http) -> None:
    templates = http.get("/api/gan/templates").json()
    assert len(templates) == 12
    for template in templates:
        shown = http.get(template["href"]).json()
        for file_format in ("yaml", "json"):
            answer = http.get(template["download_href"], params={"format": file_format})
            kind = f"application/{file_format}"
            assert answer.headers["content-type"] == kind
            name = f'attachment; filename="{template["machine_type"]}.{file_format}"'
            assert answer.headers["content-disposition"] == name
            checked = http.post(
                "/api/gan/profiles/validate",
                content=answer.content,
                headers={"Content-Type": kind},
            )
            assert checked.json() == {"valid": True, "problems": []}
        assert shown["machine_id"].startswith(template["machine_type"])


def test_a_check_lists_every_problem_with_its_place_and_what_to_write(http: Http) -> None:
    answer = http.post("/api/gan/profiles/validate", json={"machine_id": "X", "sensors": []})
    assert answer.status_code == 200
    assert not answer.json()["valid"]
    problems = {problem["path"]: problem for problem in answer.json()["problems"]}
    assert {"machine_id", "sensors", "failure_modes", "machine_type"} <= problems.keys()
    assert problems["machine_type"]["advice"] == "add machine_type"
    assert machines.machines() == []


@contextmanager
def web_process(variables: dict[str, str], log: Path) -> Iterator[httpx.Client]:
    """`fleetforge web` as it is run."""
    port = free_port()
    command = [sys.executable, "-m", "cli", "web", "--port", str(port)]
    with log.open("wb") as stderr:
        process = subprocess.Popen(command, env=variables, stderr=stderr)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            eventually(lambda: _answers(client), 60)
            yield client
        process.terminate()
        assert process.wait(15) == 0
    finally:
        process.kill()
        process.wait()


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/livez").status_code == 200
    except httpx.TransportError:
        return False


def test_each_request_has_one_line_with_the_id_of_its_events(
    ledger: Settings, redis_url: str
) -> None:
    log = ledger.home / "web.log"
    with web_process(environment(ledger, redis_url), log) as client:
        client.post("/api/gan/machines?start=true", **as_json(profile_of("pump_1")))
        client.get("/a%0Ab?token=secret")
        client.post("/api/gan/machines/pump_1/seed")
    lines = log.read_text().splitlines()
    entries = [json.loads(line) for line in lines if line.startswith("{")]
    requests = [entry for entry in entries if entry["event"] == "request"]
    created, strange, seeded = requests[-3:]
    chain = events.events()[0].correlation_id
    assert (created["method"], created["path"]) == ("POST", "/api/gan/machines")
    assert (created["status"], created["correlation"]) == (201, chain)
    assert (strange["path"], strange["status"]) == ("/a%0Ab", 404)
    assert (seeded["correlation"], seeded["request"] != chain) == (chain, True)
    assert "secret" not in log.read_text()


def test_a_busy_port_is_reported_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "cli", "web", "--port", port],
            env=os.environ | {f"{PREFIX}HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 2
    assert done.stderr == (
        f"error: 127.0.0.1:{port}: Address already in use; stop what listens there, or choose "
        "another port with --port (a Procfile has it in its line `web:`)\n"
    )


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
        database.close()


def test_it_starts_without_torch_sdv_and_pandas(ledger: Settings) -> None:
    program = (
        "import sys\n"
        "from api.app import create_app\n"
        "from storage.settings import load_settings\n"
        "create_app(load_settings()).openapi()\n"
        "print([name for name in ('torch', 'sdv', 'pandas', 'pyarrow') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(ledger, "redis://127.0.0.1:1"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"
