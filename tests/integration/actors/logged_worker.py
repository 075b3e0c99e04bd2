"""A real worker process, and what it has logged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from actors.broker.client import Broker
from events.bus import Send
from storage.settings import PREFIX, Settings

#: What Python runs as a worker whose stages are cheap.
CHEAP = ("-m", "benchmarks.cheap_worker", "default,train")


@dataclass(frozen=True)
class LoggedWorker:
    """A worker that runs.

    Attributes:
        log: What it writes to standard error.
        output: What it writes to standard output.
    """

    process: subprocess.Popen[bytes]
    log: Path
    output: Path

    def lines(self) -> list[str]:
        """The lines of its log; the last may still lack its end, and is left out."""
        return self.log.read_text().split("\n")[:-1]

    def logged(self, event: str) -> list[dict[str, Any]]:
        """Its JSON log's lines of one kind."""
        entries = [json.loads(line) for line in self.lines()]
        return [entry for entry in entries if entry["event"] == event]


def send_to(settings: Settings, redis_url: str) -> Send:
    """Gives jobs to the broker of such processes."""
    return Broker(settings.model_copy(update={"redis_url": SecretStr(redis_url)})).send


def environment(settings: Settings, redis_url: str, **variables: str) -> dict[str, str]:
    """Variables for processes that use a test's ledger and broker, and log as JSON."""
    shared = {"HOME": str(settings.home), "REDIS_URL": redis_url, "LOG_JSON": "true"}
    if settings.database_url is not None:
        shared["DATABASE_URL"] = settings.database_url.get_secret_value()
    own = {PREFIX + name: value for name, value in (shared | variables).items()}
    return os.environ | own


@contextmanager
def logged_worker(environment: dict[str, str], *python_arguments: str) -> Iterator[LoggedWorker]:
    """Start a worker and kill it in the end."""
    folder = Path(tempfile.mkdtemp(dir=environment[f"{PREFIX}HOME"], prefix="worker-"))
    log, output = folder / "log", folder / "output"
    with log.open("ab") as stderr, output.open("ab") as stdout:
        process = subprocess.Popen(
            [sys.executable, *python_arguments],
            env=environment,
            stderr=stderr,
            stdout=stdout,
            start_new_session=True,  # A test may send Ctrl-C to all its processes.
        )
    try:
        yield LoggedWorker(process, log, output)
    finally:
        process.kill()
        process.wait()
