"""Inside the process that stages run in: it computes and writes staged files, and nothing else.

It has no connection to the ledger or the broker. Its messages go through a pipe to its worker. Only
the worker holds the lease, so a process whose worker lost the job can publish nothing.
"""

from __future__ import annotations

import errno
import gc
import importlib
import os
import resource
import signal
import threading
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any

from actors.runtime.log import fields_of, logging_what_is_printed, say_in_every_line
from actors.stage import Job
from errors import FleetforgeError, StoreUnavailable
from events.vocabulary import Event, read_event
from GAN.profiles.profile import MachineProfile
from storage.artifacts.registry import PublishedFile
from storage.artifacts.staging import StagedArtifact
from storage.artifacts.store import open_store, staging_prefix
from storage.ledger.claims import Claim

#: A process that has grown by more than this runs no further job, so that what a training leaves
#: in memory goes with it. MiB. Assessing any machine of the fleet takes 110 to 160, however many a
#: process has assessed before, and a new process takes half a second longer for it.
MOST_GROWTH_MIB = 250

#: Faults of a host's disk: full, over a quota or limit, read-only, broken. No job causes them.
_DISK_FAULTS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}

_NICENESS = 10


@dataclass(frozen=True)
class Assignment:
    """Everything that is needed to run a job.

    Attributes:
        taken: What the stage's `takes` has read.
    """

    module: str
    function: str
    claim: Claim
    artifact_root: str
    home: Path
    files: Mapping[str, PublishedFile]
    taken: Any = field(default=None, repr=False)


@dataclass(frozen=True)
class Progressed:
    """The stage's progress."""

    percent: float
    message: str
    epoch: int | None
    loss: float | None


@dataclass(frozen=True)
class Finished:
    """The stage's event, and the files it staged.

    Attributes:
        again: Whether the process waits for another assignment.
        kept: What the stage has given to `Job.keep`.
    """

    event: Event
    artifacts: list[StagedArtifact]
    again: bool
    kept: list[Any] = field(default_factory=list, repr=False)


@dataclass(frozen=True)
class Failed:
    """The stage raised, and the process has ended.

    Attributes:
        retryable: Whether another attempt may succeed; False for a `FleetforgeError`, which would
            be raised again.
        details: The traceback, for the log.
    """

    reason: str
    retryable: bool
    details: str


@dataclass(frozen=True)
class Postponed:
    """The stage could not run, through no fault of its job; the process has ended."""

    reason: str


@dataclass(frozen=True)
class Died:
    """The process ended without an outcome."""

    reason: str


Message = Progressed | Finished | Failed | Postponed | Died


def main(pipe: Connection) -> None:
    """Run the jobs that come through the pipe, until it ends or one fails."""
    # Ctrl-C reaches every process of the terminal; this one ends when its worker ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Stages take whole cores for minutes. The worker that renews their lease, and the service and
    # the database that may be on this machine, take milliseconds, and users wait for those.
    os.nice(_NICENESS)
    threading.Thread(target=_die_with_worker, daemon=True).start()
    # The fork server's modules stay: searching them for garbage takes 0.4 s, and copies the pages
    # that processes share.
    gc.freeze()
    slim = _peak_mib()
    while True:
        try:
            assignment: Assignment = pipe.recv()
        except (EOFError, ConnectionResetError):
            return
        say_in_every_line(fields_of(assignment.claim))
        with _ReportingFailure(pipe):
            with logging_what_is_printed():
                finished = _run(pipe, assignment, slim)
            pipe.send(finished)
        if not finished.again:
            return


def _run(pipe: Connection, assignment: Assignment, slim: float) -> Finished:
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
        taken=assignment.taken,
    )
    function = getattr(importlib.import_module(assignment.module), assignment.function)
    event = function(read_event(claim.event_type, claim.machine_id, claim.payload), job)
    artifacts = store.stage(workspace, prefix)
    again = _peak_mib() - slim <= MOST_GROWTH_MIB
    return Finished(event, artifacts, again, job.kept)


def _peak_mib() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 if os.uname().sysname == "Linux" else 1024 * 1024)


def _is_of_the_host(error: BaseException) -> bool:
    if isinstance(error, StoreUnavailable):
        return True
    return isinstance(error, OSError) and error.errno in _DISK_FAULTS


def _die_with_worker() -> None:
    worker = parent_process()
    assert worker is not None
    worker.join()
    os._exit(1)


class _ReportingFailure:
    """Reports every error of a stage to the worker: this is the boundary of the process."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def __enter__(self) -> None: ...

    def __exit__(self, kind: Any, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None:
            return
        expected = isinstance(error, FleetforgeError)
        name = "" if expected else f"{type(error).__name__}: "
        reason = f"{name}{error}".strip().split("\n")[0]
        outcome: Message = Postponed(reason)
        if not _is_of_the_host(error):
            details = "".join(traceback.format_exception(error))
            outcome = Failed(reason, retryable=not expected, details=details)
        with suppress(BrokenPipeError):  # The worker was killed.
            self._pipe.send(outcome)
        os._exit(1)
