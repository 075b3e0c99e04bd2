"""The process a stage runs in: it computes and writes staged files, and nothing else.

It has no connection to the ledger or the broker. What it finds out goes through a pipe to the
worker, which alone holds the lease, so a child whose worker lost the job can publish nothing.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import TracebackType
from typing import Any

from actors.stage import Job
from errors import FleetforgeError
from events.vocabulary import read_event
from GAN.profile import MachineProfile
from storage.artifacts import open_store, staging_prefix
from storage.ledger import Claim, StagedArtifact
from storage.standing import PublishedFile

#: Loaded once in the fork server, so that a child starts in milliseconds, not in four seconds.
#: The science imports these inside its functions, which is why they are named here.
PRELOAD = [
    "actors",
    "GAN.generate",
    "GAN.quality",
    "GAN.report",
    "GAN.seed",
    "GAN.tvae",
    "plotly.offline",
    "plotly.subplots",
    "pyarrow.parquet",
    "sdmetrics.reports",
    "sdv.single_table",
    "sdv.utils",
    "torch",
]


#: How long a child may take to exit once it has said its last word.
_LAST_SECONDS = 5.0


@dataclass(frozen=True)
class Assignment:
    """All a child needs to know."""

    module: str
    function: str
    claim: Claim
    artifact_root: str
    home: Path
    files: Mapping[str, PublishedFile]


@dataclass(frozen=True)
class Progressed:
    """The child is this far."""

    percent: float
    message: str
    epoch: int | None
    loss: float | None


@dataclass(frozen=True)
class Finished:
    """The stage's event, and the files it staged."""

    event_type: str
    payload: dict[str, Any]
    artifacts: list[StagedArtifact]


@dataclass(frozen=True)
class Failed:
    """The stage raised.

    Attributes:
        retryable: Whether another attempt may end otherwise; an error of our own tree says of
            itself that it will not.
        details: The traceback, for the log.
    """

    reason: str
    retryable: bool
    details: str


@dataclass(frozen=True)
class Died:
    """The process ended without a word."""

    reason: str


Message = Progressed | Finished | Failed | Died


class Child:
    """A running child, as its worker sees it."""

    def __init__(self, assignment: Assignment) -> None:
        context = multiprocessing.get_context("forkserver")
        self._pipe, theirs = context.Pipe(duplex=False)
        self._process = context.Process(target=_main, args=(theirs, assignment))
        self._process.start()
        theirs.close()

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process.pid is not None
        return self._process.pid

    def next_message(self, timeout: float) -> Message | None:
        """What the child says next, or None after `timeout` seconds of silence."""
        if not wait([self._pipe], timeout):
            return None
        try:
            message: Message = self._pipe.recv()
        except EOFError:
            self._process.join()
            return Died(_cause_of_death(self._process.exitcode))
        return message

    def kill(self) -> None:
        """End it at once and wait until it is gone."""
        self._process.kill()
        self._process.join()

    def close(self) -> None:
        """See to its end and free what belongs to it; its last word has been heard."""
        self._process.join(_LAST_SECONDS)
        if self._process.is_alive():
            self.kill()
        self._process.close()
        self._pipe.close()


def start_fork_server() -> None:
    """Load the heavy libraries, and return when a child can be started in milliseconds.

    Starting a child blocks until the fork server is there, and no lease is renewed meanwhile:
    so a worker takes no job before this is done.
    """
    # One thread a stage: the networks are small, and OpenMP's threads spin while they wait for
    # each other, which on a machine with several workers slows all of them down tenfold.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    first = context.Process(target=_nothing)
    # Inherited: Ctrl-C must not end the fork server in the middle of its imports.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        first.start()
        first.join()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _nothing() -> None: ...


def _cause_of_death(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        return f"the stage's process was ended by {signal.Signals(-exitcode).name}"
    return f"the stage's process ended with exit code {exitcode} and no result"


def _main(pipe: Connection, assignment: Assignment) -> None:
    # Ctrl-C reaches every process of the terminal; the worker decides what becomes of a child.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_worker, daemon=True).start()
    with _ReportingFailure(pipe):
        pipe.send(_run(pipe, assignment))


def _run(pipe: Connection, assignment: Assignment) -> Finished:
    claim = assignment.claim
    store = open_store(assignment.artifact_root, assignment.home)
    prefix = staging_prefix(claim.machine_id, claim.job_id, claim.token)
    workspace = store.workspace(prefix)

    def progress(
        percent: float, message: str, *, epoch: int | None = None, loss: float | None = None
    ) -> None:
        pipe.send(Progressed(percent, message, epoch, loss))

    job = Job(
        id=claim.job_id,
        machine_id=claim.machine_id,
        profile=MachineProfile.model_validate_json(claim.profile),
        workspace=workspace,
        store=store,
        files=assignment.files,
        progress=progress,
    )
    function = getattr(importlib.import_module(assignment.module), assignment.function)
    event = function(read_event(claim.event_type, claim.machine_id, claim.payload), job)
    return Finished(event.type, event.payload(), store.stage(workspace, prefix))


def _die_with_worker() -> None:
    worker = multiprocessing.parent_process()
    assert worker is not None
    worker.join()
    os._exit(1)


class _ReportingFailure:
    """Tells the worker what a stage raised, whatever it is: this is the edge of the process."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def __enter__(self) -> None: ...

    def __exit__(self, kind: Any, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None:
            return
        expected = isinstance(error, FleetforgeError)
        name = "" if expected else f"{type(error).__name__}: "
        self._pipe.send(
            Failed(
                reason=f"{name}{error}".strip().split("\n")[0],
                retryable=not expected,
                details="".join(traceback.format_exception(error)),
            )
        )
        os._exit(1)
