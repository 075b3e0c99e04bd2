"""The real `fleetforge` command, forked from a process that has imported it.

A command takes less time than its imports. Here a server imports them once and forks a process for
each call, which has its own arguments, environment, working directory and standard streams, and
its own exit code, as if it had been started by a shell.
"""

from __future__ import annotations

import array
import gc
import json
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Self

_LENGTH = struct.Struct("!I")
#: A process id or an exit code.
_NUMBER = struct.Struct("!i")


class WarmProcess:
    """A command that was started; a process as `subprocess` has it.

    Attributes:
        returncode: Its exit code, or the negative signal that ended it; None while it runs.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        (self.pid,) = _NUMBER.unpack(connection.recv(_NUMBER.size, socket.MSG_WAITALL))
        self.returncode: int | None = None

    def send_signal(self, signum: signal.Signals) -> None:
        if self.returncode is None:
            os.kill(self.pid, signum)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def wait(self, seconds: float | None = None) -> int:
        if self.returncode is None:
            self._connection.settimeout(seconds)
            answer = self._connection.recv(_NUMBER.size, socket.MSG_WAITALL)
            (self.returncode,) = _NUMBER.unpack(answer)
        assert self.returncode is not None
        return self.returncode

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()


class WarmCommand:
    """The server; close it at the end."""

    def __init__(self, folder: Path, program: Path) -> None:
        self._address, self._program = str(folder / "command.sock"), str(program)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self._address)
        listener.listen(16)
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(listener.fileno())], pass_fds=[listener.fileno()]
        )
        listener.close()

    def run(
        self,
        arguments: Sequence[str],
        cwd: Path,
        env: Mapping[str, str],
        streams: Sequence[IO[str]],
    ) -> int:
        """Run the command to its end; its exit code. The arguments are those of `start`."""
        with self.start(arguments, cwd, env, streams) as process:
            return process.wait()

    def start(
        self,
        arguments: Sequence[str],
        cwd: Path,
        env: Mapping[str, str],
        streams: Sequence[IO[str]],
    ) -> WarmProcess:
        """Start the command.

        Args:
            arguments: The command's arguments.
            cwd: Its working directory.
            env: Its environment.
            streams: Its standard input, output and error.
        """
        argv = [self._program, *arguments]
        request = json.dumps({"argv": argv, "cwd": str(cwd), "env": dict(env)}).encode()
        descriptors = array.array("i", [stream.fileno() for stream in streams])
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(self._address)
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)]
        connection.sendmsg([_LENGTH.pack(len(request))], rights)
        connection.sendall(request)
        return WarmProcess(connection)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


def _next_request(listener: socket.socket) -> dict[str, Any]:
    """Wait for calls; return the request in a new process for each of them."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # No ended process is left behind.
    while True:
        connection, _ = listener.accept()
        if os.fork():
            connection.close()
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        listener.close()
        head, descriptors, _, _ = socket.recv_fds(connection, _LENGTH.size, 3)
        (length,) = _LENGTH.unpack(head)
        request: dict[str, Any] = json.loads(connection.recv(length, socket.MSG_WAITALL))
        command = os.fork()
        if command:
            connection.sendall(_NUMBER.pack(command))
            _, status = os.waitpid(command, 0)
            with suppress(BrokenPipeError):  # The test did not wait for its end.
                connection.sendall(_NUMBER.pack(os.waitstatus_to_exitcode(status)))
            os._exit(0)
        connection.close()
        for standard, descriptor in enumerate(descriptors):
            os.dup2(descriptor, standard)
            os.close(descriptor)
        return request


def _serve(descriptor: int) -> None:
    import psycopg  # Before `storage.database`, which would leave it out.

    import actors
    import cli

    assert psycopg
    assert actors
    for module, _ in cli.COMMANDS.values():
        __import__(module)
    gc.freeze()  # A call finds no garbage in what all commands import.
    request = _next_request(socket.socket(fileno=descriptor))
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.argv = request["argv"]
    cli.main()


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
