"""A worker whose first stage writes in every way there is, then ends as its machine says.

`python -c "from tests.integration.actors import noisy_stages; noisy_stages.main()"`
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import warnings
from dataclasses import replace

import structlog

from actors.runtime.log import set_up_logging
from actors.runtime.worker import serve
from actors.stage import STAGES, Job
from commands.stopping import stop_event
from events.vocabulary import MachineCreated, SeedReady
from storage.database import open_database
from storage.settings import load_settings

#: What a run of the stage adds to the log, by the names of the lines.
NOISE = {
    "half way",
    "structured",
    "warned",
    "logged",
    "caught",
    "printed",
    "complained",
    "printed without an end",
    "from a thread",
    "uncaught",
}


def generate_seed(event: MachineCreated, job: Job) -> SeedReady:
    """Make noise; a machine's description may then be `raise` or `die`."""
    job.progress(50, "half way")
    structlog.get_logger().info("structured", number=1)
    warnings.warn("warned", stacklevel=1)
    logging.getLogger("library").warning("logged")
    try:
        raise ValueError("handled")
    except ValueError:
        logging.getLogger("library").exception("caught")
    print("printed")  # noqa: T201
    print("complained", file=sys.stderr)  # noqa: T201
    print("printed without an end", end="", flush=True)  # noqa: T201
    _in_a_thread(lambda: logging.getLogger("library").warning("from a thread"))
    _in_a_thread(_fail)
    if job.profile.description == "raise":
        _fail()
    if job.profile.description == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    return SeedReady(machine_id=job.machine_id, **event.plan())


def _in_a_thread(function: object) -> None:
    thread = threading.Thread(target=function)  # type: ignore[arg-type]
    thread.start()
    thread.join()


def _fail() -> None:
    raise RuntimeError("no solution found")


def main() -> None:
    """Serve the first stage's queue until SIGTERM."""
    settings = load_settings()
    open_database(settings)
    set_up_logging(as_json=settings.log_json)
    STAGES["generate_seed"] = replace(STAGES["generate_seed"], function=generate_seed)
    serve(settings, ["default"], stop_event(), preload=[__name__])
