"""The connection to an MQTT broker: it comes back by itself, and its session outlives it."""

from __future__ import annotations

import random
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from actors.mqtt.address import Address
from actors.mqtt.intake import Message
from errors import FleetforgeError, InvalidInput, MqttRefused, Problem
from GAN.config.limits import MAX_BATCH_BYTES

#: Most messages that a broker sends before the first of them is acknowledged; MQTT 5 only.
WINDOW = 1_000
#: How long the broker keeps what comes while this client is away, seconds; MQTT 5 only.
SESSION_SECONDS = 7 * 86_400
#: Space for the topic and the properties of a message, bytes.
_HEAD_BYTES = 100_000
_KEEPALIVE_SECONDS = 30
#: A broker that does not answer for so long is tried again, seconds.
_PATIENCE_SECONDS = 10.0
#: A connection that holds so long is a good one, seconds.
_STEADY_SECONDS = 10.0
_LONGEST_PAUSE_SECONDS = 30.0

#: Answers of a broker that is there, but does not serve for the moment.
_PASSING = ("Server unavailable", "Server busy", "Quota exceeded", "Connection rate exceeded")


@dataclass(frozen=True)
class Client:
    """How this client appears to the broker.

    Attributes:
        id: Its id, under which the broker keeps its session.
        topic: What it subscribes to.
        protocol: `5` or `3.1.1`.
        ca: File of the certificates that are trusted; None: those of the system.
    """

    address: Address
    id: str
    topic: str
    protocol: str
    ca: Path | None = None


class Connection:
    """A connection. All its work is done in the thread that calls `turn`.

    Attributes:
        number: The number of the connection, from 1 on; 0 before the first.
        up: Whether the broker has let this client in.
    """

    def __init__(
        self,
        client: Client,
        stopping: threading.Event,
        receive: Callable[[Message], None],
        resumed: Callable[[], None],
    ) -> None:
        """Make a connection; the first `turn` opens it.

        Args:
            client: How this client appears.
            stopping: Ends pauses.
            receive: Gets each message.
            resumed: Called when a session goes on: unacknowledged messages will come again.

        Raises:
            InvalidInput: The file of certificates cannot be read.
        """
        self.number, self.up = 0, False
        self._client, self._stopping = client, stopping
        self._receive, self._resumed = receive, resumed
        self._log = structlog.get_logger().bind(mqtt=str(client.address))
        self._paho = self._made()
        self._is_open, self._ever_up = False, False
        self._opened_at = self._next_try = 0.0
        self._failures = 0
        self._reason = self._logged = ""
        self._error: FleetforgeError | None = None

    def turn(self, seconds: float) -> None:
        """Send and receive, for at most this many seconds; connect if it is time to.

        Raises:
            MqttRefused: The broker refuses this client for good.
        """
        now = time.monotonic()
        if not self._is_open:
            if now < self._next_try:
                self._stopping.wait(min(seconds, self._next_try - now))
                return
            self._open()
        elif self._paho.loop(seconds) != paho.MQTT_ERR_SUCCESS:
            self._lost(self._reason or "the broker closed the connection")
        elif not self.up and now - self._opened_at > _PATIENCE_SECONDS:
            self._paho.disconnect()
            self._lost("no answer; mqtts:// is for TLS, mqtt:// is without")
        if self.up and now - self._opened_at > _STEADY_SECONDS:
            self._failures = 0
        if self._error is not None:
            raise self._error

    def acknowledge(self, message: Message) -> None:
        """Acknowledge a message; one of an earlier connection comes again instead."""
        if self.up and message.connection == self.number and message.qos:
            self._paho.ack(message.id, message.qos)

    def publish(self, topic: str, payload: str) -> None:
        """Publish a message that stays with its topic, at least once."""
        self._paho.publish(topic, payload, qos=1, retain=True)

    def close(self) -> None:
        """Close the connection; the broker keeps the session."""
        self.up = False
        self._paho.disconnect()

    def _made(self) -> paho.Client:
        client = self._client
        is_5 = client.protocol == "5"
        made = paho.Client(
            CallbackAPIVersion.VERSION2,
            client.id,
            clean_session=None if is_5 else False,
            protocol=paho.MQTTv5 if is_5 else paho.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        if client.address.user is not None:
            made.username_pw_set(client.address.user, client.address.password)
        if client.address.encrypted:
            try:
                made.tls_set_context(ssl.create_default_context(cafile=client.ca))
            except OSError as error:  # Also what `ssl` raises for a file without certificates.
                reason = error.strerror or str(error)
                problem = Problem(str(client.ca), reason, "write a file of certificates in PEM")
                raise InvalidInput("--ca", [problem]) from None
        made.on_connect, made.on_disconnect = self._on_connect, self._on_disconnect
        made.on_subscribe, made.on_message = self._on_subscribe, self._on_message
        return made

    def _open(self) -> None:
        address, more = self._client.address, dict[str, Any]()
        if self._client.protocol == "5":
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = SESSION_SECONDS
            properties.ReceiveMaximum = WINDOW
            properties.MaximumPacketSize = MAX_BATCH_BYTES + _HEAD_BYTES
            more = {"clean_start": False, "properties": properties}
        self._reason, self._opened_at = "", time.monotonic()
        try:
            self._paho.connect(address.host, address.port, _KEEPALIVE_SECONDS, **more)
        except ssl.SSLCertVerificationError as error:
            self._refuse(
                f"the certificate of {address} is not trusted: {error.verify_message}",
                "write --ca FILE with the certificate of its CA",
            )
            self._lost(error.verify_message)
        except (OSError, UnicodeError) as error:  # UnicodeError: no name of a host.
            self._lost(getattr(error, "strerror", None) or str(error))
        else:
            self._is_open = True
            self.number += 1

    def _lost(self, reason: str) -> None:
        hint = ""
        if self.up and self._failures:
            hint = f"; if another client has the id {self._client.id}, write another --client-id"
        self._is_open = self.up = False
        pause = min(_LONGEST_PAUSE_SECONDS, 2.0**self._failures)
        self._next_try = time.monotonic() + pause * random.uniform(0.5, 1)
        self._failures += 1
        if reason + hint != self._logged and self._error is None:
            self._logged = reason + hint
            self._log.warning("no connection", reason=self._logged, action="trying again")

    def _refuse(self, what: str, advice: str) -> None:
        """Give up, unless it has worked before: a broker may be in the middle of a change."""
        if not self._ever_up:
            self._error = MqttRefused(f"{what}; {advice}")

    def _on_connect(
        self, _client: Any, _data: Any, flags: paho.ConnectFlags, code: ReasonCode, _more: Any
    ) -> None:
        if code.is_failure:
            self._reason = str(code)
            if self._reason not in _PASSING:
                what = f"{self._client.address} refuses the connection: {code}"
                self._refuse(what, "check user and password, and --protocol")
            return
        self.up = True
        if flags.session_present:
            self._resumed()
        if self._client.protocol == "5":
            again = SubscribeOptions.RETAIN_SEND_IF_NEW_SUB
            options = SubscribeOptions(qos=1, retainHandling=again)
            self._paho.subscribe(self._client.topic, options=options)
        else:
            self._paho.subscribe(self._client.topic, qos=1)

    def _on_subscribe(
        self, _client: Any, _data: Any, _id: int, codes: list[ReasonCode], _more: Any
    ) -> None:
        if any(code.is_failure for code in codes):
            what = f"{self._client.address} refuses the subscription to {self._client.topic}"
            self._refuse(what, "give the user the right to read it, or write another --topic")
            self._log.warning("not subscribed", topic=self._client.topic)
            return
        self._ever_up, self._logged = True, ""
        self._log.info("listening", topic=self._client.topic, client_id=self._client.id)

    def _on_disconnect(
        self, _client: Any, _data: Any, flags: paho.DisconnectFlags, code: ReasonCode, _more: Any
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self._reason = str(code)

    def _on_message(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        size = len(message.payload)
        payload = bytes(message.payload) if size <= MAX_BATCH_BYTES else b""
        self._receive(Message(message.topic, payload, size, message.qos, message.mid, self.number))
