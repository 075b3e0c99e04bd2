"""The embedded stack: workers as child processes, kept alive until the caller is done."""

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

#: More workers than this want more memory than a desk machine has, half a GB each.
MOST_WORKERS = 4

_STOP_SECONDS = 20.0
_RESTART_SECONDS = 1.0


def worker_commands(machines: int) -> dict[str, tuple[str, ...]]:
    """The worker processes for so many machines at once, as far as there are cores for them.

    Each serves all queues: every stage takes seconds, so a queue with a worker of its own would
    only leave a core idle. A site whose trainings are long gives them workers (see the Procfile).
    """
    count = max(1, min(machines, os.cpu_count() or 1, MOST_WORKERS))
    return {f"worker.{number + 1}": ("worker",) for number in range(count)}


class Stack:
    """Runs Fleetforge processes for as long as the `with` block lasts; one that dies comes back.

    Args:
        settings: Where the private Valkey is; the processes get them by the environment.
        processes: Name → arguments of the `fleetforge` command.
        logs: Folder for a log file each; absent means this terminal.
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
            self._valkey.stop()  # Last, so that the workers can take their leave.

    def _start(self, name: str) -> None:
        # -P: a file of the user's called cli.py must not be run instead.
        command = [sys.executable, "-P", "-m", "cli", *self._commands[name], "--stop-on-eof"]
        # A session of its own: Ctrl-C reaches this process alone, which then stops the others
        # in good order. If it cannot, being killed, the pipe's end tells them.
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
