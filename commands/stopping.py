"""Stopping commands that run in the foreground."""

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
    """Add `--stop-on-eof`: the process stops when the process that started it ends."""
    return click.option("--stop-on-eof", is_flag=True, hidden=True)(function)


def stop_event(*, stop_on_eof: bool = False) -> threading.Event:
    """An event that SIGTERM, Ctrl-C, a closed terminal or, if asked, the end of stdin sets."""
    stopping = threading.Event()
    for signum in _SIGNALS:
        signal.signal(signum, lambda *_: stopping.set())
    if stop_on_eof:

        def wait_for_eof() -> None:
            # Not `sys.stdin`: this thread would hold its lock while the interpreter exits.
            while os.read(sys.stdin.fileno(), 4096):
                continue
            stopping.set()

        threading.Thread(target=wait_for_eof, daemon=True).start()
    return stopping


def interrupt_on_signals() -> None:
    """Let SIGTERM and a closed terminal end a command as Ctrl-C does."""
    for signum in _SIGNALS:
        signal.signal(signum, signal.default_int_handler)
