"""A real mosquitto with TLS and passwords."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

from tests.mqtt.certificates import Authority
from tests.waiting import eventually, free_port

USER, PASSWORD = "plant", "s:e@c/r%t"

# Debian has it outside of a user's PATH.
_SBIN = f"{os.environ.get('PATH', '')}:/usr/sbin"
_SERVER = shutil.which("mosquitto", path=_SBIN)
_PASSWD = shutil.which("mosquitto_passwd", path=_SBIN)

_CONFIGURATION = """
listener {plain} 127.0.0.1
listener {tls} 127.0.0.1
certfile {certificate}
keyfile {key}
allow_anonymous false
password_file {passwords}
persistence true
persistence_location {folder}/
autosave_interval 1
max_queued_messages 0
user root
"""


class Mosquitto:
    """A broker that can be killed and started again."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        assert _SERVER, "install mosquitto, or run: make test-mqtt"
        assert _PASSWD
        self.plain, self.tls = free_port(), free_port()
        self._folder = folder
        passwords = folder / "passwords"
        command = [_PASSWD, "-c", "-b", str(passwords), USER, PASSWORD]
        subprocess.run(command, check=True, capture_output=True)
        certificate, key = authority.sign(folder)
        self._file = folder / "mosquitto.conf"
        self._file.write_text(
            _CONFIGURATION.format(
                plain=self.plain,
                tls=self.tls,
                certificate=certificate,
                key=key,
                passwords=passwords,
                folder=folder,
            )
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self._folder / "mosquitto.log").open("a") as log:
            command = [str(_SERVER), "-c", str(self._file)]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        eventually(lambda: _answers(self.plain) and _answers(self.tls))

    def kill(self) -> None:
        """SIGKILL; what it has saved is there when it starts again."""
        assert self._process
        self._process.kill()
        self._process.wait()
        self._process = None

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(30)

    def has_saved(self, text: str) -> bool:
        """Whether a restart will find a message with this text."""
        file = self._folder / "mosquitto.db"
        return file.exists() and text.encode() in file.read_bytes()


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
