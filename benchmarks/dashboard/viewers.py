"""Pages that watch the fleet: sockets that count what they get."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from websockets.asyncio.client import ClientConnection, connect

_FIRST_WITHIN_SECONDS = 120.0
#: A frame may have 500 whole states.
_LARGEST_FRAME = 8_000_000


@dataclass
class Received:
    """What one socket has got.

    Attributes:
        states: Of units and machines; counted by the first socket only.
    """

    frames: int = 0
    bytes: int = 0
    states: int = 0
    synced_bytes: int = 0
    synced: threading.Event = field(default_factory=threading.Event)


class Viewers:
    """Some sockets, in a thread."""

    def __init__(self, address: str, count: int) -> None:
        self.received = [Received() for _ in range(count)]
        self._url = f"{address.replace('http', 'ws', 1)}/ws/fleet?v=2"
        self._loop = asyncio.new_event_loop()
        self._tasks: list[asyncio.Task[None]] = []
        self._ends: list[BaseException | None] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Wait until all have the first picture."""
        for one in self.received:
            if not one.synced.wait(_FIRST_WITHIN_SECONDS):
                raise TimeoutError("a viewer has no first picture")

    def close(self) -> None:
        """Close the sockets; raises what has ended one of them before."""
        self._loop.call_soon_threadsafe(self._stop)
        self._thread.join()
        self._loop.close()
        for end in self._ends:
            if end is not None and not isinstance(end, asyncio.CancelledError):
                raise end

    def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _run(self) -> None:
        self._loop.run_until_complete(self._follow_all())

    async def _follow_all(self) -> None:
        self._tasks = [
            asyncio.create_task(self._follow(one, number == 0))
            for number, one in enumerate(self.received)
        ]
        self._ends = await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _follow(self, received: Received, counts: bool) -> None:
        async with connect(self._url, max_size=_LARGEST_FRAME) as socket:
            while True:
                await _count(socket, received, counts)


async def _count(socket: ClientConnection, received: Received, counts: bool) -> None:
    frame = await socket.recv(decode=False)
    received.frames += 1
    received.bytes += len(frame)
    if counts:
        message = json.loads(frame)
        received.states += len(message.get("units", [])) if message["type"] == "states" else 0
    if not received.synced.is_set() and b'"type":"synced"' in frame[:200]:
        received.synced_bytes = len(frame)
        received.synced.set()


@contextmanager
def viewing(address: str, count: int) -> Iterator[list[Received]]:
    """Viewers that have their first picture; they are closed after the block."""
    viewers = Viewers(address, count)
    try:
        viewers.wait()
        yield viewers.received
    finally:
        viewers.close()
