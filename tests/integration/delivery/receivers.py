"""Receivers of webhooks on real ports of this process, good ones and bad ones."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

#: Answers a request: gets its handler, and writes to it.
Answer = Callable[[BaseHTTPRequestHandler], None]


class Receiver:
    """What came to a receiver.

    Attributes:
        answer: How it answers.
        requests: Headers and body of each request, the oldest first.
        closing: Set when the test is over; a receiver that hangs ends then.
    """

    def __init__(self) -> None:
        self.answer: Answer = status(204)
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.closing = threading.Event()
        self.url = ""

    @property
    def messages(self) -> list[Any]:
        return [json.loads(body) for _, body in self.requests]

    @property
    def types(self) -> list[str]:
        return [message["type"] for message in self.messages]

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.requests]


def status(code: int, **headers: str) -> Answer:
    """A receiver that answers with this status."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()

    return answer


def in_turn(*answers: Answer) -> Answer:
    """A receiver that answers like these, one after the other, and on like the last."""
    left = list(answers)
    return lambda handler: (left.pop(0) if len(left) > 1 else left[0])(handler)


def hanging(receiver: Receiver) -> Answer:
    """A receiver that takes a message and never answers."""

    def answer(_: BaseHTTPRequestHandler) -> None:
        receiver.closing.wait(60)

    return answer


def trickling(receiver: Receiver) -> Answer:
    """A receiver whose answer does not end: one byte of a header after the other."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not receiver.closing.wait(0.05):
            handler.wfile.write(b"x")
            handler.wfile.flush()

    return answer


def flooding(handler: BaseHTTPRequestHandler) -> None:
    """A receiver whose answer has headers without end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(100_000):
        handler.wfile.write(b"X-%d: %s\r\n" % (number, b"x" * 1_000))


@contextmanager
def receiving(certificate: Path | None = None) -> Iterator[Receiver]:
    """A receiver on a free port; with a certificate it speaks TLS."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["content-length"])
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.requests.append((headers, self.rfile.read(size)))
            with suppress(OSError):  # The sender had enough.
                receiver.answer(self)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    scheme = "http" if certificate is None else "https"
    receiver.url = f"{scheme}://localhost:{server.server_address[1]}/alerts?plant=1"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield receiver
    finally:
        receiver.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


def silent_port() -> socket.socket:
    """A port that accepts connections and never says anything."""
    return socket.create_server(("127.0.0.1", 0))
