"""A worker process: it runs one stage at a time, and a steward in a second thread."""

from __future__ import annotations

import os
import socket
import threading
import uuid
from collections.abc import Sequence
from contextlib import suppress

import dramatiq
import structlog

from actors.broker.client import PROGRESS_DB, Broker, broker_errors, connect
from actors.broker.valkey import EmbeddedValkey
from actors.runtime import metrics
from actors.runtime.child import PRELOAD, start_fork_server
from actors.runtime.runner import Runner
from actors.runtime.steward import Steward
from actors.stage import queues as all_queues
from errors import BrokerUnavailable, ForkServerLost, LedgerUnavailable, StewardLost
from storage.artifacts.store import open_store
from storage.database import wait_for_lock
from storage.ledger import workers
from storage.settings import Settings

#: How often the main thread wakes to handle signals, seconds. In a process that was stopped and
#: goes on, the kernel may give a signal to another thread, which does not wake the main thread.
_SIGNAL_SECONDS = 0.5

#: How long a worker's threads have to end after the grace, seconds.
_STOP_SECONDS = 3.0

#: How long SQLite's write lock is waited for until the ledger counts as away, seconds: while the
#: worker works, and while it stops.
_LOCK_PATIENCE_SECONDS = 5.0
_LAST_LOCK_PATIENCE_SECONDS = 1.0


def serve(
    settings: Settings,
    queues: Sequence[str],
    stopping: threading.Event,
    preload: Sequence[str] = PRELOAD,
) -> None:
    """Work until `stopping` is set; a stage that runs then is finished or handed back.

    Args:
        settings: Where everything is.
        queues: Queues to serve; empty means all.
        stopping: Set it to stop.
        preload: Modules that are loaded before the processes of stages are forked.

    Raises:
        ForkServerLost: The process that loads these modules ended.
        StewardLost: The steward ended by an unexpected error, or this version is too old for the
            ledger.
    """
    if settings.metrics is not None:
        metrics.serve(settings.metrics)
    served = list(queues) or all_queues()
    wait_for_lock(
        lambda: _LAST_LOCK_PATIENCE_SECONDS if stopping.is_set() else _LOCK_PATIENCE_SECONDS
    )
    worker_id = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:6]}"
    store = open_store(settings.artifact_root, settings.home)
    valkey = EmbeddedValkey(settings.home) if settings.embedded_broker else None
    if valkey is not None:
        valkey.ensure()
    broker = Broker(settings, served)
    steward = Steward(worker_id, served, broker, store, valkey, settings.overdue_factor)
    runner = Runner(
        settings=settings,
        worker_id=worker_id,
        store=store,
        send=broker.send,
        progress=connect(settings, PROGRESS_DB),
        stopping=stopping,
        wake=steward.wake.set,
    )
    steward_thread = threading.Thread(target=steward.run, args=(stopping,), name="steward")
    log = structlog.get_logger()
    steward_thread.start()
    try:
        start_fork_server(preload)
        if _prepared(runner, stopping):
            steward.heartbeat.ready = True
            worker = broker.worker(served, runner.run_job)
            worker.start()
            log.info("worker ready", worker=worker_id, queues=",".join(served))
            while not stopping.wait(_SIGNAL_SECONDS):
                continue
            log.info("worker stopping")
            _stop(worker, settings.grace_seconds)
    finally:
        stopping.set()
        steward.wake.set()
        steward_thread.join()
        runner.close()
        if _sign_off(worker_id) and valkey is not None:
            valkey.shut_down()
        log.info("worker stopped")
    if steward.lost:
        raise StewardLost("the steward has ended; the log says why")


def _prepared(runner: Runner, stopping: threading.Event) -> bool:
    """Wait until the first process for stages is there; False if the worker stops before.

    The fork server's imports may take a minute on a busy machine. A worker that stops meanwhile
    does not wait for them; the fork server then sees that its worker has ended, and ends too.

    Raises:
        ForkServerLost: The first process could not be made, and the worker does not stop.
    """
    prepared = threading.Event()

    def prepare() -> None:
        with suppress(ForkServerLost):  # Any other error is a bug: its traceback is printed.
            runner.prepare()
            prepared.set()
        if stopping.is_set():
            runner.close()

    thread = threading.Thread(target=prepare, name="prepare", daemon=True)
    thread.start()
    while thread.is_alive() and not stopping.is_set():
        thread.join(_SIGNAL_SECONDS)
    # Ctrl-C ends the fork server during its imports, and may set `stopping` a moment later.
    if not (stopping.is_set() or prepared.is_set() or stopping.wait(_SIGNAL_SECONDS)):
        raise ForkServerLost("the first process for stages could not be started")
    return not stopping.is_set()


def _stop(worker: dramatiq.Worker, grace_seconds: float) -> None:
    """Stop consuming. A broker that is away must not keep the process: the ledger has the jobs."""
    try:
        with broker_errors():
            worker.stop(timeout=round((grace_seconds + _STOP_SECONDS) * 1000))
    except BrokerUnavailable as error:
        structlog.get_logger().warning("stopped without the broker", reason=str(error))


def _sign_off(worker_id: str) -> bool:
    """Remove the worker from the ledger; True if it was the last one."""
    try:
        workers.sign_off(worker_id)
        return not workers.alive()
    except LedgerUnavailable as error:
        structlog.get_logger().warning("not signed off", reason=str(error))
        return False
