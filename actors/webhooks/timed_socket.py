"""A connection with a limit for all that happens on it together."""

from __future__ import annotations

import io
import socket
import ssl
import time
from collections.abc import Sequence
from typing import Any

#: What `socket.getaddrinfo` returns.
AddressInfo = tuple[int, int, int, str, Any]


class TimedSocket:
    """A socket as `http.client` uses it, until a moment and for so many bytes.

    The time limit of a socket holds for one call, so a receiver that sends a byte now and then
    could hold its sender for hours.

    Attributes:
        deadline: When the time is over, by `time.monotonic`.
        most_bytes: An answer ends after so many bytes.
    """

    def __init__(self, deadline: float, most_bytes: int) -> None:
        self.deadline = deadline
        self.most_bytes = most_bytes
        self._socket: socket.socket | None = None

    def connect(self, addresses: Sequence[AddressInfo], secure_host: str | None) -> None:
        """Connect to the first of these addresses that answers.

        Args:
            addresses: Where to connect to.
            secure_host: For TLS: whose certificate it has to be.

        Raises:
            OSError: None of them answers.
        """
        for index, (family, kind, protocol, _, address) in enumerate(addresses):
            share = self.seconds_left() / (len(addresses) - index)
            self._socket = socket.socket(family, kind, protocol)
            try:
                self._socket.settimeout(share)
                self._socket.connect(address)
                break
            except OSError:
                self.close()
                if index + 1 == len(addresses):
                    raise
        if secure_host is not None:
            self._open.settimeout(self.seconds_left())
            context = ssl.create_default_context()
            self._socket = context.wrap_socket(self._open, server_hostname=secure_host)

    def seconds_left(self) -> float:
        """Seconds until the deadline.

        Raises:
            TimeoutError: It is over.
        """
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def sendall(self, data: bytes) -> None:
        """Send these bytes."""
        rest = memoryview(data)
        while rest:
            self._open.settimeout(self.seconds_left())
            rest = rest[self._open.send(rest) :]

    def receive_into(self, buffer: memoryview) -> int:
        """Receive into a buffer; 0 at the end."""
        room = min(len(buffer), self.most_bytes)
        if not room:
            return 0
        self._open.settimeout(self.seconds_left())
        count = self._open.recv_into(buffer[:room])
        self.most_bytes -= count
        return count

    def makefile(self, _mode: str) -> io.BufferedReader:
        """What is received, as a file."""
        return io.BufferedReader(_Received(self))

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()

    @property
    def _open(self) -> socket.socket:
        assert self._socket is not None
        return self._socket


class _Received(io.RawIOBase):
    def __init__(self, connection: TimedSocket) -> None:
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._connection.receive_into(memoryview(buffer))
