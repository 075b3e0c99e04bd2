"""`fleetforge web` as a process: its log, its errors, what it loads."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from api.middleware.security_headers import SECURITY_HEADERS
from storage.database import transaction
from storage.queries import events
from storage.settings import PREFIX, Settings
from storage.tables import Event
from tests.integration.actors.logged_worker import environment
from tests.integration.conftest import add_event, add_machine, profile_of
from tests.integration.serving import as_json
from tests.waiting import eventually, free_port


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


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
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


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
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


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_it_starts_without_torch_sdv_pandas_and_numpy(ledger: Settings) -> None:
    program = (
        "import sys\n"
        "from api.app import create_app\n"
        "from storage.settings import load_settings\n"
        "create_app(load_settings()).openapi()\n"
        "heavy = {'torch', 'sdv', 'pandas', 'numpy', 'pyarrow'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(ledger, "redis://127.0.0.1:1"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"
