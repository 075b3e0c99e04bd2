"""A worker process: one stage at a time, and a steward beside it."""

from __future__ import annotations

import os
import signal
import socket
import threading
import uuid
from collections.abc import Sequence
from types import FrameType

import structlog

from actors.broker import PROGRESS_DB, Broker, connect
from actors.child import start_fork_server
from actors.embedded import EmbeddedValkey
from actors.run import Runner
from actors.stage import queues as all_queues
from actors.steward import Steward
from errors import LedgerUnavailable
from storage import standing
from storage.artifacts import open_store
from storage.settings import Settings


def serve(settings: Settings, queues: Sequence[str] = ()) -> None:
    """Work until SIGTERM or SIGINT; a stage that is running then is finished or handed back.

    Args:
        settings: Where everything is.
        queues: Queues to serve; empty means all.
    """
    served = list(queues) or all_queues()
    worker_id = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:6]}"
    stopping = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)

    valkey = EmbeddedValkey(settings.home) if settings.embedded_broker else None
    if valkey is not None:
        valkey.ensure()
    store = open_store(settings.artifact_root, settings.home)
    broker = Broker(settings, served)
    runner = Runner(
        settings=settings,
        worker_id=worker_id,
        store=store,
        send=broker.send,
        progress=connect(settings, PROGRESS_DB),
        stopping=stopping,
    )
    steward = Steward(worker_id, served, broker, store, valkey)
    steward_thread = threading.Thread(target=steward.run, args=(stopping,), name="steward")

    steward_thread.start()
    start_fork_server()
    log = structlog.get_logger()
    log.info("worker ready", worker=worker_id, queues=",".join(served))
    worker = broker.worker(served, runner.run_job)
    worker.start()
    stopping.wait()
    log.info("worker stopping")
    worker.stop()
    steward_thread.join()
    _sign_off(worker_id)
    if valkey is not None:
        valkey.stop()
    log.info("worker stopped")


def _sign_off(worker_id: str) -> None:
    try:
        standing.sign_off(worker_id)
    except LedgerUnavailable as error:
        structlog.get_logger().warning("not signed off", reason=str(error))
