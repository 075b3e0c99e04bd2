"""Repeating a statement until the ledger answers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from errors import LedgerUnavailable

#: Pause between two tries, seconds.
PAUSE_SECONDS = 0.5

T = TypeVar("T")


def until_ledger_answers(action: Callable[[], T], stopping: threading.Event) -> T:
    """Run `action` until the ledger answers: a restart of it must not lose a job's outcome.

    Args:
        action: Reads or writes the ledger; safe to repeat.
        stopping: Once it is set, the next failure is raised.

    Raises:
        LedgerUnavailable: The worker stops while the ledger is away.
    """
    while True:
        try:
            return action()
        except LedgerUnavailable:
            if stopping.is_set():
                raise
            stopping.wait(PAUSE_SECONDS)
