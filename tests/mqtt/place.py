"""A plant with a broker, a ledger with one machine, gateways and listeners."""

from __future__ import annotations

import json
import os
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import psutil
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from storage.database import clock_ms, execute, reading
from storage.settings import PREFIX, Settings
from tests.acceptance.warm_command import WarmCommand, WarmProcess
from tests.integration.telemetry.plant import HOUR
from tests.mqtt.broker import PASSWORD, USER, Mosquitto
from tests.waiting import eventually

LOGIN = f"{USER}:{quote(PASSWORD, safe='')}"

#: How messages begin that a session has after all others.
_LAST = b"last"

PROTOCOLS = {"5": paho.MQTTv5, "3.1.1": paho.MQTTv311}


class Listener:
    """A `fleetforge readings listen` that runs."""

    def __init__(self, process: WarmProcess, log: Path) -> None:
        self.process, self._log = process, log
        self._waited = 0

    def said(self, event: str) -> list[dict[str, Any]]:
        """Its log lines of this event; anything that is no line of a log fails the test."""
        lines = [json.loads(line) for line in self._log.read_text().splitlines()]
        return [line for line in lines if line["event"] == event]

    def expect(self, event: str, count: int = 1) -> dict[str, Any]:
        """Wait for a line of its log."""
        return eventually(lambda: len(found := self.said(event)) >= count and found)[-1]

    def last_line(self) -> str:
        """The last line of its output."""
        return self._log.read_text().splitlines()[-1]

    def memory(self) -> int:
        """What it holds in memory, bytes."""
        return int(psutil.Process(self.process.pid).memory_info().rss)

    def unread(self) -> int:
        """What has come over TCP and was not yet read, bytes."""
        descriptors = Path(f"/proc/{self.process.pid}/fd").iterdir()
        sockets = {str(each.readlink()) for each in descriptors}
        rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return sum(int(row[4].split(":")[1], 16) for row in rows if f"socket:[{row[9]}]" in sockets)

    def reads_no_more(self) -> bool:
        """Whether bytes wait for it, and stay."""
        before, self._waited = self._waited, self.unread()
        return before == self._waited > 0

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


class Place:
    """Everything that a test needs.

    Attributes:
        authority: File of the CA that has signed the broker's certificate.
        stranger: File of another CA.
    """

    def __init__(
        self,
        settings: Settings,
        broker: Mosquitto,
        authority: Path,
        stranger: Path,
        protocol: str,
        command: WarmCommand,
    ) -> None:
        self.settings, self.broker, self.protocol = settings, broker, protocol
        self._command = command
        self.authority, self.stranger = authority, stranger
        self.now = clock_ms() - 1_000 * HOUR
        self.plain_url = f"mqtt://{LOGIN}@127.0.0.1:{broker.plain}"
        self.url = f"mqtts://{LOGIN}@127.0.0.1:{broker.tls}"
        self._logs = 0

    @property
    def environment(self) -> dict[str, str]:
        more = {f"{PREFIX}HOME": str(self.settings.home), f"{PREFIX}LOG_JSON": "true"}
        more[f"{PREFIX}MAX_UNITS"] = str(self.settings.max_units)
        if self.settings.database_url:
            more[f"{PREFIX}DATABASE_URL"] = self.settings.database_url.get_secret_value()
        return {**os.environ, **more}

    def refused(self, *arguments: str) -> str:
        """What a listener writes that ends with an error."""
        with tempfile.TemporaryFile("w+") as errors:
            with self._started(errors, *arguments) as process:
                assert process.wait(60)
            errors.seek(0)
            return errors.read()

    def _started(self, output: IO[str], *arguments: str) -> WarmProcess:
        command = ("readings", "listen", *arguments, "--protocol", self.protocol)
        with Path(os.devnull).open() as nothing:
            streams = (nothing, output, output)
            return self._command.start(command, self.settings.home, self.environment, streams)

    @contextmanager
    def listening(
        self, name: str = "one", *arguments: str, wait: bool = True
    ) -> Iterator[Listener]:
        """A listener; with `wait`, one that has subscribed."""
        self._logs += 1
        log = self.settings.home / f"{name}{self._logs}.log"
        encrypted = (self.url, "--ca", str(self.authority))
        with log.open("w") as output:
            process = self._started(output, *encrypted, "--client-id", name, *arguments)
        listener = Listener(process, log)
        try:
            if wait:
                listener.expect("listening")
            yield listener
        finally:
            with process:
                process.terminate()
                process.wait(30)

    def row(self, minute: int, **values: object) -> dict[str, object]:
        """A row at a minute after the first one, as a message has it."""
        return {"at": self.now + 60_000 * minute, "readings": values or {"vibration": 1.5}}

    def message(self, minute: int) -> str:
        return json.dumps(self.row(minute))

    def publish(
        self, payloads: Sequence[object], topic: str = "fleetforge/press_1/1", qos: int = 1
    ) -> None:
        """Publish messages; the broker has them when this returns. What is no bytes is JSON."""
        with self.gateway() as gateway:
            sent = [
                gateway.publish(topic, p if isinstance(p, bytes) else json.dumps(p), qos=qos)
                for p in payloads
            ]
            for each in sent:
                each.wait_for_publish(30)
                assert each.is_published()

    @contextmanager
    def gateway(self) -> Iterator[paho.Client]:
        """A client of the broker that is connected."""
        client = paho.Client(CallbackAPIVersion.VERSION2, protocol=PROTOCOLS[self.protocol])
        client.username_pw_set(USER, PASSWORD)
        client.connect("127.0.0.1", self.broker.plain)
        client.loop_start()
        try:
            eventually(client.is_connected)
            yield client
        finally:
            client.disconnect()
            client.loop_stop()

    def count(self, table: str = "readings") -> int:
        with reading():
            ((rows,),) = execute(f"SELECT COUNT(*) FROM {table}")
        return int(rows)

    def expect_rows(self, rows: int, seconds: float = 30) -> None:
        """Wait until the ledger has this many readings; there must never be more."""
        eventually(lambda: self.count() >= rows, seconds)
        assert self.count() == rows

    def is_acknowledged(self, client_id: str = "one") -> bool:
        """Whether the broker has nothing for this client before a message that comes last."""
        last = _LAST + uuid.uuid4().bytes
        found: list[bytes] = []
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id,
            clean_session=None if self.protocol == "5" else False,
            protocol=PROTOCOLS[self.protocol],
        )
        client.username_pw_set(USER, PASSWORD)
        client.on_message = lambda *all_of_it: found.append(all_of_it[2].payload)
        more: dict[str, Any] = {"clean_start": False} if self.protocol == "5" else {}
        client.connect("127.0.0.1", self.broker.plain, **more)
        client.loop_start()
        try:
            eventually(client.is_connected)
            self.publish([last])
            eventually(lambda: last in found)
        finally:
            client.disconnect()
            client.loop_stop()
        return all(payload.startswith(_LAST) for payload in found)
