"""The embedded stack: child processes that are kept running until the caller is done."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import structlog

from actors.broker.valkey import EmbeddedValkey
from storage.settings import Settings

#: Each worker needs half a GB of memory; a desktop computer has room for this many.
MOST_WORKERS = 4

_STOP_SECONDS = 20.0
_RESTART_SECONDS = 1.0


def worker_commands(machines: int) -> dict[str, tuple[str, ...]]:
    """The worker processes for this many machines at once: at most one for each core.

    Each serves all queues. Every stage takes seconds, so a worker for a single queue would only
    leave a core idle. A site with long trainings gives them separate workers (see the Procfile).
    """
    count = max(1, min(machines, os.cpu_count() or 1, MOST_WORKERS))
    return {f"worker.{number + 1}": ("worker",) for number in range(count)}


class Stack:
    """Runs Fleetforge processes while the `with` block lasts; a process that dies is restarted.

    Args:
        settings: Where the private Valkey is; the processes read the environment.
        processes: Name → arguments of the `fleetforge` command.
        logs: Folder for one log file for each process; None means this terminal.
    """

    def __init__(
        self,
        settings: Settings,
        processes: dict[str, tuple[str, ...]],
        logs: Path | None = None,
    ) -> None:
        self._valkey = EmbeddedValkey(settings.home) if settings.embedded_broker else None
        self._commands = processes
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._stopping = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="stack")

    def __enter__(self) -> Self:
        if self._valkey is not None:
            self._valkey.ensure()
        for name in self._commands:
            self._start(name)
        self._keeper.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._keeper.join()
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._valkey is not None:
            self._valkey.stop()  # Last: workers that stop still use it.

    def _start(self, name: str) -> None:
        # -P: a file cli.py in the user's folder must not be run instead.
        command = [sys.executable, "-P", "-m", "cli", *self._commands[name], "--stop-on-eof"]
        # In a new session: Ctrl-C reaches this process only, which then stops the others in order.
        # If this process is killed, they stop at the end of the pipe.
        self._running[name] = subprocess.Popen(
            command, stdin=subprocess.PIPE, stderr=self._log(name), start_new_session=True
        )

    def _log(self, name: str) -> IO[bytes] | None:
        if self._logs is None:
            return None
        self._logs.mkdir(parents=True, exist_ok=True)
        return (self._logs / f"{name}.log").open("ab")

    def _keep(self) -> None:
        while not self._stopping.wait(_RESTART_SECONDS):
            for name, process in list(self._running.items()):
                if process.poll() is not None:
                    structlog.get_logger().warning(
                        "started again", process=name, ended_with=process.returncode
                    )
                    self._start(name)
