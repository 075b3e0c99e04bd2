"""What SIGTERM, Ctrl-C and a closed terminal do to commands that run in the foreground."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from commands.stopping import interrupt_on_signals, stop_event

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@pytest.fixture(params=SIGNALS)
def sent(request: pytest.FixtureRequest) -> Iterator[signal.Signals]:
    """A signal, which has no effect until a test handles it; all is as before in the end."""
    before = {each: signal.signal(each, signal.SIG_IGN) for each in SIGNALS}
    yield request.param
    for each, handler in before.items():
        signal.signal(each, handler)


def test_a_process_that_serves_is_asked_to_stop(sent: signal.Signals) -> None:
    stopping = stop_event()
    assert not stopping.is_set()
    os.kill(os.getpid(), sent)
    assert stopping.wait(10)


def test_a_command_that_waits_is_interrupted(sent: signal.Signals) -> None:
    interrupt_on_signals()
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), sent)
