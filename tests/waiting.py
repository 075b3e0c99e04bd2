"""Other processes: waiting for what they do, until it is so or a limit, and ports for them."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


#: The pauses between looks grow up to this many seconds, so that a long wait leaves the machine
#: to what is waited for.
_LONGEST_PAUSE, _GROWTH = 0.25, 1.2


def eventually(look: Callable[[], T], seconds: float = 60, pause: float = 0.02) -> T:
    """What `look` returns once it is true; fails the test when that takes too long.

    Args:
        look: What to wait for.
        seconds: How long; a machine may have other things to do.
        pause: Between the first looks, seconds.
    """
    limit = time.monotonic() + seconds
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > limit:
            raise AssertionError(f"not within {seconds} s; last seen: {seen!r}")
        time.sleep(pause)
        pause = max(pause, min(pause * _GROWTH, _LONGEST_PAUSE))


def free_port() -> int:
    """A free port of this host."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
