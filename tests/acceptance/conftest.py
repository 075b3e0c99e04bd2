"""The real command, run as a user runs it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from storage.database import database, open_database
from storage.settings import PREFIX, Settings
from tests.acceptance.warm_command import WarmCommand

COMMAND = Path(sys.executable).with_name("fleetforge")

#: What a process writes when it meets a bug of ours, or ends in disorder.
_CRASHES = ("Traceback", "Fatal Python error")


def assert_no_crash(output: str) -> None:
    """No process that wrote this has crashed."""
    assert not [crash for crash in _CRASHES if crash in output], output


class User:
    """A user with a folder of their own, where `var` is made."""

    def __init__(self, folder: Path, command: WarmCommand) -> None:
        self.folder = folder
        self._command = command
        # Without what the tests' own process needs: a worker sets this itself for its stages.
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("OMP_")}

    @property
    def home(self) -> Path:
        return self.folder / "var"

    def run(self, *arguments: str, exit_code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run `fleetforge` to its end; it must end with this exit code."""
        with (
            tempfile.TemporaryFile("w+") as output,
            tempfile.TemporaryFile("w+") as errors,
            Path(os.devnull).open() as nothing,
        ):
            code = self._command.run(
                arguments, self.folder, self.environment, (nothing, output, errors)
            )
            output.seek(0)
            errors.seek(0)
            done = subprocess.CompletedProcess(arguments, code, output.read(), errors.read())
        assert done.returncode == exit_code, f"{arguments}\n{done.stdout}\n{done.stderr}"
        assert_no_crash(done.stderr)
        return done

    @contextmanager
    def ledger(self) -> Iterator[None]:
        """The user's ledger, open in this process: to look again and again, a command is dear."""
        url = self.environment.get(f"{PREFIX}DATABASE_URL")
        open_database(Settings(home=self.home, database_url=SecretStr(url) if url else None))
        try:
            yield
        finally:
            database.close()

    def json(self, *arguments: str, exit_code: int = 0) -> Any:
        """What `fleetforge ... --json` says."""
        return json.loads(self.run(*arguments, "--json", exit_code=exit_code).stdout)

    @contextmanager
    def running(self, *command: str | Path) -> Iterator[subprocess.Popen[str]]:
        """A process that runs meanwhile, its output in `output.log`."""
        with (self.folder / "output.log").open("w") as output:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(30)


def assert_asks_for_a_token(user: User, *command: str) -> None:
    """The command ends with an error that says how to make a token, and starts nothing."""
    refused = user.run(*command, exit_code=2)
    assert re.fullmatch(
        r"error: \S+: other machines could .* fleetforge tokens create NAME --scope admin\n",
        refused.stderr,
    )
    assert not (user.home / "run").exists()


@pytest.fixture(scope="session")
def warm_command(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmCommand]:
    command = WarmCommand(tmp_path_factory.mktemp("warm"), COMMAND)
    yield command
    command.close()


@pytest.fixture
def user(tmp_path: Path, warm_command: WarmCommand) -> User:
    """In an empty folder."""
    return User(tmp_path, warm_command)


@pytest.fixture
def settled(user: User) -> User:
    """In a folder with an empty ledger."""
    user.run("db", "upgrade")
    return user
