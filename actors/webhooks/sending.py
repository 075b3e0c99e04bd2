"""Sending one message to a webhook: signed, within a time limit, to an address that is checked."""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from importlib.metadata import version

from standardwebhooks.webhooks import Webhook

from actors.webhooks.timed_socket import AddressInfo, TimedSocket
from errors import DeliveryFailed, InvalidInput
from storage.database import clock_ms
from storage.delivery import deliveries, webhooks
from storage.delivery.urls import PRIVATE_SETTING, Target, is_public, target_of
from storage.delivery.webhooks import Receiver

#: A receiver has this long to take a message, from the look-up of its name to its status, seconds.
SEND_SECONDS = 10.0

#: An answer is read up to its headers, and no further than this.
_MOST_BYTES = 16_384

_GONE = 410


@dataclass(frozen=True)
class Answered:
    """What a receiver answered.

    Attributes:
        status: 2xx.
        took_ms: From the look-up of its name to that answer.
    """

    status: int
    took_ms: int


def send_test(webhook_id: int, *, private: bool) -> Answered:
    """Send a message of the type `test` to a webhook now; no outbox and no other attempt.

    Args:
        webhook_id: The webhook.
        private: Whether `http` and local addresses are allowed.

    Raises:
        NotFound: No such webhook.
        DeliveryFailed: The message was not taken; the reason contains no secret.
    """
    receiver = webhooks.receiver(webhook_id)
    payload = deliveries.payload_of("test", {"webhook_id": webhook_id}, clock_ms())
    began = time.monotonic()
    status = send(receiver, deliveries.new_message_id(), payload, private=private)
    return Answered(status, round((time.monotonic() - began) * 1000))


def send(
    receiver: Receiver,
    message_id: str,
    payload: str,
    *,
    private: bool,
    seconds: float = SEND_SECONDS,
) -> int:
    """Send a message.

    Args:
        receiver: Where to.
        message_id: The same at each attempt, so that the receiver knows a repeated message.
        payload: The body, JSON.
        private: Whether `http` and local addresses are allowed.
        seconds: How long all of it may take.

    Returns:
        The status of the answer, 2xx.

    Raises:
        DeliveryFailed: The message was not taken; the reason contains no secret.
    """
    connection = TimedSocket(time.monotonic() + seconds, _MOST_BYTES)
    try:
        target = target_of(receiver.url, private=private)
        connection.connect(
            _addresses(target, private=private), target.host if target.secure else None
        )
        status = _exchange(connection, target, receiver, message_id, payload)
    except InvalidInput as error:
        raise DeliveryFailed(str(error.problems[0])) from None
    except TimeoutError:
        raise DeliveryFailed(f"no answer within {seconds:g} s") from None
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or error.reason or "refused"
        raise DeliveryFailed(f"TLS: {reason}") from None
    except HTTPException:
        raise DeliveryFailed("it does not answer with HTTP") from None
    except OSError as error:
        raise DeliveryFailed(f"no connection: {error.strerror or type(error).__name__}") from None
    finally:
        connection.close()
    if 200 <= status < 300:
        return status
    if 300 <= status < 400:
        advice = "redirects are not followed; add the address that it redirects to"
        raise DeliveryFailed(f"answered {status}; {advice}")
    raise DeliveryFailed(f"answered {status}", gone=status == _GONE)


def _addresses(target: Target, *, private: bool) -> list[AddressInfo]:
    """The addresses of a host. The connection goes to one of these: the name is not asked again.

    Otherwise a name could have a public address when it is checked, and a local one after that.
    """
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        raise DeliveryFailed(f"{target.host} has no address") from None
    if not private and not all(is_public(str(info[4][0])) for info in found):
        advice = f"to allow it, set {PRIVATE_SETTING}=true"
        raise DeliveryFailed(f"{target.host} has a local address; {advice}")
    return list(found)


def _exchange(
    connection: TimedSocket, target: Target, receiver: Receiver, message_id: str, payload: str
) -> int:
    now = datetime.now(UTC)
    kind = HTTPSConnection if target.secure else HTTPConnection
    http = kind(target.host, target.port)
    http.sock = connection
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"fleetforge/{version('fleetforge')}",
        "Connection": "close",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(receiver.secret).sign(message_id, now, payload),
    }
    http.request("POST", target.path, payload.encode(), headers)
    return http.getresponse().status
