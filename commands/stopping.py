"""When a command that runs in the foreground has to stop."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def stop_on_eof_option(function: F) -> F:
    """Add `--stop-on-eof`, by which a stack's processes end with whoever started them."""
    return click.option("--stop-on-eof", is_flag=True, hidden=True)(function)


def stop_event(*, stop_on_eof: bool = False) -> threading.Event:
    """An event that is set by SIGTERM, Ctrl-C or a closed terminal, or at the end of stdin."""
    stopping = threading.Event()
    for signum in _SIGNALS:
        signal.signal(signum, lambda *_: stopping.set())
    if stop_on_eof:

        def wait_for_eof() -> None:
            # Not by `sys.stdin`, whose lock an interpreter that ends cannot have from this thread.
            while os.read(sys.stdin.fileno(), 4096):
                continue
            stopping.set()

        threading.Thread(target=wait_for_eof, daemon=True).start()
    return stopping


def interrupt_on_signals() -> None:
    """Let SIGTERM and a closed terminal end a command as Ctrl-C does, in good order."""
    for signum in _SIGNALS:
        signal.signal(signum, signal.default_int_handler)
