"""A real worker whose stages are cheap: `python -m benchmarks.cheap_worker default,train`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable

from actors.runtime.log import set_up_logging
from actors.runtime.worker import serve
from benchmarks import cheap_stages
from benchmarks.trace import trace
from commands.stopping import stop_event
from storage.artifacts.staging import StagedArtifact
from storage.database import open_database
from storage.ledger import leases
from storage.ledger.claims import Claim
from storage.ledger.event_log import NewEvent, Written
from storage.ledger.leases import Also
from storage.settings import load_settings


def main() -> None:
    """Serve the queues of the first argument until SIGTERM."""
    stopping = stop_event()
    settings = load_settings()
    open_database(settings)
    set_up_logging(as_json=settings.log_json)
    cheap_stages.install()
    _trace_commits()
    serve(settings, sys.argv[1].split(","), stopping, preload=["benchmarks.cheap_stages"])


def _trace_commits() -> None:
    complete = leases.complete

    def traced(
        claim: Claim,
        event: NewEvent,
        artifacts: Iterable[StagedArtifact],
        also: Also = lambda: (),
        first: Callable[[], None] = lambda: None,
    ) -> Written:
        began = time.monotonic_ns()  # The transaction of the ledger is part of the hand-over.
        written = complete(claim, event, artifacts, also, first)
        for job in written.jobs:
            trace(handed_over=job.job_id, at=began)
        return written

    leases.complete = traced


if __name__ == "__main__":
    main()
