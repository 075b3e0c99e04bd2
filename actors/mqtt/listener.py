"""The listener: messages become readings, and are acknowledged after the commit."""

from __future__ import annotations

import threading
import time

import structlog

from actors.mqtt.alerts import AlertFeed
from actors.mqtt.connection import WINDOW, Client, Connection
from actors.mqtt.intake import Intake, Message
from errors import LedgerUnavailable
from GAN.config.limits import MAX_BATCH_BYTES

#: A message waits at most this long for others of its batch, seconds.
BATCH_SECONDS = 1.0
#: If nothing comes for so long, the batch is complete: the broker may be waiting for us, seconds.
QUIET_SECONDS = 0.05
#: Pauses between tries while the ledger does not answer, seconds.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 5.0
#: Most messages in memory: the window, and what came without a promise (QoS 0).
_MOST_MESSAGES = 10 * WINDOW


class Listener:
    """Takes in what a broker sends, until it is stopped."""

    def __init__(
        self, client: Client, intake: Intake, stopping: threading.Event, alerts_topic: str | None
    ) -> None:
        """Make a listener.

        Args:
            client: How it appears to the broker.
            intake: Takes messages in.
            stopping: Stops it.
            alerts_topic: Where it publishes alerts; None: nowhere.
        """
        self._intake, self._stopping = intake, stopping
        self._connection = Connection(client, stopping, self._receive, self._resumed)
        self._alerts = alerts_topic and AlertFeed(alerts_topic, self._connection.publish)
        self._log = structlog.get_logger()
        self._waiting: list[Message] = []
        self._bytes = 0
        self._first_at = self._newest_at = self._next_try = 0.0
        self._pause = 0.0  # Not 0 while the ledger is away.

    def run(self) -> None:
        """Listen until `stopping` is set.

        Raises:
            MqttRefused: The broker refuses this client for good.
        """
        try:
            while not self._stopping.is_set():
                self._receive_some()
                if self._is_due():
                    self._commit()
                if self._alerts and self._connection.up:
                    self._alerts.look()
                self._intake.tally.report()
            if self._waiting and not self._pause:
                self._commit()
        finally:
            self._connection.close()
            self._intake.tally.report(now=True)

    def _receive_some(self) -> None:
        if self._pause and self._is_full():
            # The operating system's buffer fills, and then the broker waits. It may also end the
            # connection. All that is not acknowledged comes again.
            self._stopping.wait(QUIET_SECONDS)
        else:
            self._connection.turn(QUIET_SECONDS if self._waiting else 10 * QUIET_SECONDS)

    def _is_full(self) -> bool:
        return self._bytes >= MAX_BATCH_BYTES or len(self._waiting) >= _MOST_MESSAGES

    def _is_due(self) -> bool:
        now = time.monotonic()
        if not self._waiting or now < self._next_try:
            return False
        return (
            len(self._waiting) >= WINDOW
            or self._is_full()
            or now - self._first_at >= BATCH_SECONDS
            or now - self._newest_at >= QUIET_SECONDS
        )

    def _commit(self) -> None:
        try:
            done = self._intake.take(self._waiting)
        except LedgerUnavailable as error:
            if not self._pause:
                self._log.warning("waiting for the ledger", reason=str(error))
            self._pause = min(_LONGEST_PAUSE, 2 * self._pause or _FIRST_PAUSE)
            self._next_try = time.monotonic() + self._pause
            return
        if self._pause:
            self._log.info("the ledger answers again")
        self._pause = 0.0
        for message in self._waiting[:done]:
            self._connection.acknowledge(message)
        self._keep(self._waiting[done:])

    def _receive(self, message: Message) -> None:
        self._newest_at = time.monotonic()
        if not self._waiting:
            self._first_at = self._newest_at
        self._waiting.append(message)
        self._bytes += len(message.payload)

    def _resumed(self) -> None:
        """The broker sends again what was not acknowledged, so that need not wait here."""
        self._keep([message for message in self._waiting if not message.qos])

    def _keep(self, messages: list[Message]) -> None:
        self._waiting = messages
        self._bytes = sum(len(message.payload) for message in messages)
