"""Workers whose fork server is still importing."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
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


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_ctrl_c_during_the_imports_ends_a_worker_at_once_and_quietly(
    importing: LoggedWorker, command_line: CliRunner
) -> None:
    assert eventually(lambda: state(command_line)) == "starting"
    os.killpg(importing.process.pid, signal.SIGINT)
    assert importing.process.wait(30) == 0
    assert [json.loads(line)["event"] for line in importing.lines()] == ["worker stopped"]
    assert state(command_line) == ""
