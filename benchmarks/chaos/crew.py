"""Worker processes that are killed, stopped and replaced, as an orchestrator would replace them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from storage.settings import PREFIX, Settings


def workers_environment(settings: Settings) -> dict[str, str]:
    """The environment of worker processes with these settings."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    environment |= {
        f"{PREFIX}HOME": str(settings.home),
        f"{PREFIX}LEASE_SECONDS": str(settings.lease_seconds),
        f"{PREFIX}LOG_JSON": "true",
    }
    if settings.redis_url is not None:
        environment[f"{PREFIX}REDIS_URL"] = settings.redis_url.get_secret_value()
    if settings.database_url is not None:
        environment[f"{PREFIX}DATABASE_URL"] = settings.database_url.get_secret_value()
    return environment


@dataclass
class Crew:
    """A fixed number of workers; a worker that ends is replaced.

    Attributes:
        environment: Environment of each worker.
        logs: Folder with a log of JSON lines for each worker that was started.
        size: Number of workers.
        bad_exits: Exit codes other than 0 of workers that were asked to stop.
    """

    environment: dict[str, str]
    logs: Path
    size: int
    bad_exits: list[int] = field(default_factory=list)
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _logs_of: dict[int, Path] = field(default_factory=dict)
    _asked: set[int] = field(default_factory=set)
    _waking: dict[int, float] = field(default_factory=dict)

    def tend(self) -> None:
        """Continue workers whose pause is over, and replace workers that have ended."""
        for pid, moment in list(self._waking.items()):
            if time.monotonic() >= moment:
                self.wake(pid)
        for process in [one for one in self._processes if one.poll() is not None]:
            self._dismiss(process)
        while len(self._processes) < self.size:
            path = self.logs / f"worker-{len(self._logs_of)}.jsonl"
            with path.open("wb") as log:
                process = subprocess.Popen(
                    [sys.executable, "-m", "benchmarks.cheap_worker", "default,train,predictor"],
                    env=self.environment,
                    stderr=log,
                )
            self._processes.append(process)
            self._logs_of[process.pid] = path

    def pids(self) -> list[int]:
        """Process ids of the workers, oldest first."""
        return [process.pid for process in self._processes if process.poll() is None]

    def stage_process(self, pid: int) -> int | None:
        """The process in which a worker runs a stage, forked from its fork server."""
        try:
            servers = psutil.Process(pid).children()
            stages = [stage.pid for server in servers for stage in server.children()]
        except psutil.NoSuchProcess:
            return None
        return stages[0] if stages else None

    def kill(self, pid: int) -> None:
        """SIGKILL a worker, and wait until it has ended."""
        self._asked.discard(pid)
        self._waking.pop(pid, None)
        process = next(one for one in self._processes if one.pid == pid)
        process.kill()
        process.wait()  # Else it could be asked to stop while it dies.

    def ask_to_stop(self, pid: int) -> None:
        """SIGTERM a worker; if it has started up, its exit code has to be 0."""
        if pid in self._asked:
            return  # Only once: a second signal may arrive while it exits.
        if b"worker ready" in self._logs_of[pid].read_bytes():
            self._asked.add(pid)
        os.kill(pid, signal.SIGTERM)

    def put_to_sleep(self, pid: int, seconds: float) -> None:
        """SIGSTOP a worker for some seconds."""
        os.kill(pid, signal.SIGSTOP)
        self._waking[pid] = time.monotonic() + seconds

    def wake(self, pid: int) -> None:
        """SIGCONT a worker."""
        self._waking.pop(pid, None)
        if pid in self.pids():
            os.kill(pid, signal.SIGCONT)

    def stop(self) -> None:
        """Stop all workers regularly."""
        for pid in self.pids():
            self.wake(pid)
            self.ask_to_stop(pid)
        for process in list(self._processes):
            process.wait(60)
            self._dismiss(process)

    def _dismiss(self, process: subprocess.Popen[bytes]) -> None:
        self._processes.remove(process)
        self._waking.pop(process.pid, None)
        if process.pid in self._asked and process.returncode != 0:
            self.bad_exits.append(process.returncode)
        self._asked.discard(process.pid)
