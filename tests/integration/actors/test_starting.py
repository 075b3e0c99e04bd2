"""Workers whose fork server is still importing."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli import fleetforge
from storage.settings import PREFIX, Settings
from tests.integration.actors.logged_worker import LoggedWorker, environment, logged_worker
from tests.waiting import eventually


@pytest.fixture
def importing(ledger: Settings, redis_url: str, tmp_path: Path) -> Iterator[LoggedWorker]:
    """A worker in the middle of its imports, where it stays until there is a file `go on`."""
    variables = environment(ledger, redis_url) | {"SLOW_IMPORT_FOLDER": str(tmp_path)}
    with logged_worker(variables, "-m", "tests.integration.actors.starting_worker") as worker:
        eventually((tmp_path / "begun").exists)
        yield worker
        (tmp_path / "go on").touch()


@pytest.fixture
def command_line(ledger: Settings, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv(f"{PREFIX}HOME", str(ledger.home))
    if ledger.database_url is not None:
        monkeypatch.setenv(f"{PREFIX}DATABASE_URL", ledger.database_url.get_secret_value())
    return CliRunner()


def state(command_line: CliRunner) -> str:
    done = command_line.invoke(fleetforge, ["workers", "--json"], catch_exceptions=False)
    shown = json.loads(done.stdout)
    return str(shown[0]["state"]) if shown else ""


def test_a_worker_is_starting_until_its_imports_are_done_and_idle_after_them(
    importing: LoggedWorker, command_line: CliRunner, tmp_path: Path
) -> None:
    assert eventually(lambda: state(command_line)) == "starting"
    assert "starting" in command_line.invoke(fleetforge, ["workers"]).stdout
    (tmp_path / "go on").touch()
    eventually(lambda: state(command_line) == "idle")
    assert importing.logged("worker ready")


def ctrl_c(pid: int) -> None:
    """As the terminal sends it: to the worker and its fork server."""
    os.killpg(pid, signal.SIGINT)


def terminate(pid: int) -> None:
    """As `up` does it: the worker alone gets the signal."""
    os.kill(pid, signal.SIGTERM)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize("send", [ctrl_c, terminate])
def test_a_worker_that_is_stopped_during_its_imports_ends_at_once_and_quietly(
    importing: LoggedWorker, command_line: CliRunner, send: Callable[[int], None]
) -> None:
    assert eventually(lambda: state(command_line)) == "starting"
    send(importing.process.pid)
    assert importing.process.wait(30) == 0
    assert [json.loads(line)["event"] for line in importing.lines()] == ["worker stopped"]
    assert state(command_line) == ""


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_imports_without_a_worker_end(importing: LoggedWorker, how: signal.Signals) -> None:
    importing.process.send_signal(how)
    importing.process.wait(30)
    eventually(lambda: not exists(importing.process.pid), 10)


def exists(group: int) -> bool:
    """Whether the process group has a process."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
