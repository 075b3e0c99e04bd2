"""`fleetforge workers`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from commands.output import duration, json_option, moment, print_json, print_rows
from commands.session import open_ledger
from storage.queries.workers import Seen, roster

COLUMNS = ("host", "pid", "queues", "up since", "state")
JOB_COLUMNS = ("job", "machine_id", "stage", "progress", "runs since")


@click.command()
@json_option
def workers(as_json: bool) -> None:
    """Who is alive, and what each runs since when.

    A worker is starting while it loads PyTorch; it takes no job then.
    A worker that ended in good order is not listed. One that has fallen silent is, for some
    minutes: what it held is taken over by a worker that is alive.

    \b
    Examples:
      fleetforge workers
      fleetforge workers --json
    """
    open_ledger()
    seen = roster()
    if as_json:
        print_json([vars(worker) | {"state": _state(worker)} for worker in seen])
        return
    rows = [row for worker in seen for row in _rows(worker)]
    print_rows(rows, (*COLUMNS, *JOB_COLUMNS), "no worker is alive; start one: fleetforge up")


def _state(worker: Seen) -> str:
    if not worker.alive:
        return f"silent for {duration(worker.silent_seconds)}"
    if worker.jobs:
        return str(worker.jobs[0]["status"])
    return "starting" if worker.ready_at is None else "idle"


def _rows(worker: Seen) -> Iterator[dict[str, Any]]:
    """A row for each job that it holds; one row if it holds none."""
    about = {
        "host": worker.host,
        "pid": worker.pid,
        "queues": ",".join(worker.queues),
        "up since": moment(worker.started_at),
        "state": _state(worker),
    }
    if not worker.jobs:
        yield about
    for job in worker.jobs:
        yield about | {
            "job": job["id"],
            "machine_id": job["machine_id"],
            "stage": job["stage"],
            "progress": f"{job['progress']} %",
            "runs since": moment(job["started_at"]),
        }
