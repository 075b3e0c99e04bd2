"""The worker's side of the process that its stages run in.

The process is forked before there is a job for it, from a server that has torch and SDV loaded, so
that a job starts in a millisecond. It runs one job after the other. After a job that failed or was
killed, or when the process has grown, a new process takes its place.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import wait

from actors.runtime import stage_process
from actors.runtime.stage_process import Assignment, Died, Message
from errors import ForkServerLost

#: Loaded once in the fork server, so that a process starts in milliseconds, not in four seconds.
#: The science imports these inside its functions, which is why they are named here.
PRELOAD = (
    "actors",
    "GAN.synthesis.generation",
    "GAN.synthesis.machine_model",
    "GAN.evaluation.assessment",
    "GAN.reporting.cards.data_card",
    "GAN.reporting.cards.model_card",
    "GAN.reporting.page",
    "GAN.simulation.physics",
    "GAN.tvae.export.sdv",
    "GAN.tvae.training",
    "lightgbm",
    "pyarrow.dataset",
    "pyarrow.pandas_compat",
    "pyarrow.parquet",
    "scipy.signal",
    "sklearn.mixture",
    "sdv.single_table",
    "sdv.utils",
    "torch",
)

#: How long a process may take to exit after its last message, seconds.
_LAST_SECONDS = 5.0


class Child:
    """A process that waits for a job, or runs one.

    Making one blocks until the fork server has loaded its libraries.

    Raises:
        ForkServerLost: The fork server ended before it had.
    """

    def __init__(self) -> None:
        context = multiprocessing.get_context("forkserver")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=stage_process.main, args=(theirs,))
        try:
            self._process.start()
        except EOFError:
            raise ForkServerLost("the fork server ended while it loaded its libraries") from None
        theirs.close()

    @property
    def alive(self) -> bool:
        """Whether it can be given a job."""
        return self._process.is_alive()

    def assign(self, assignment: Assignment) -> None:
        """Let it run a job; if it has just died, `next_message` returns that."""
        with suppress(BrokenPipeError):
            self._pipe.send(assignment)

    def next_message(self, timeout: float) -> Message | None:
        """Its next message about the job, or None after `timeout` seconds without one."""
        if not wait([self._pipe], timeout):
            return None
        try:
            message: Message = self._pipe.recv()
        except (EOFError, ConnectionResetError):
            self._process.join()
            return Died(_cause_of_death(self._process.exitcode))
        return message

    def kill(self) -> None:
        """End it at once and wait until it is gone."""
        self._process.kill()
        self._process.join()

    def close(self) -> None:
        """Wait for its end and free its resources."""
        self._pipe.close()
        self._process.join(_LAST_SECONDS)
        if self._process.is_alive():
            self.kill()
        self._process.close()


def start_fork_server(preload: Sequence[str] = PRELOAD) -> None:
    """Let the fork server begin to load the heavy libraries.

    Making the first `Child` blocks until they are loaded, and no lease is renewed meanwhile: so a
    worker makes one before it takes a job.
    """
    # One thread a stage: the networks are small, and OpenMP's threads spin while they wait for
    # each other, which on a machine with several workers slows all of them down tenfold.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    modules = ["actors.runtime.fork_server", *preload, "actors.runtime.loaded"]
    multiprocessing.get_context("forkserver").set_forkserver_preload(modules)
    # First, because it unblocks the signals below once it has started.
    resource_tracker.ensure_running()
    # The fork server inherits this until it has set up what Ctrl-C does to it.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _cause_of_death(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        return f"the stage's process was ended by {signal.Signals(-exitcode).name}"
    return f"the stage's process ended with exit code {exitcode} and no result"
