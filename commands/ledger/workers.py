"""`fleetforge workers`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import click

from commands.output import duration, json_option, moment, print_json, print_rows
from commands.session import open_ledger
from storage.queries.workers import WorkerState, roster

COLUMNS = ("host", "pid", "queues", "up since", "state")
JOB_COLUMNS = ("job", "machine_id", "stage", "progress", "runs since")


@click.command()
@json_option
def workers(as_json: bool) -> None:
    """List workers and the jobs that they run.

    A worker is starting while it loads PyTorch; then it takes no jobs. A worker that stopped
    regularly is not listed. A worker without heartbeats is listed as silent for some minutes;
    other workers take over its jobs.

    \b
    Examples:
      fleetforge workers
      fleetforge workers --json
    """
    open_ledger()
    found = roster()
    if as_json:
        print_json([asdict(worker) | {"state": _state(worker)} for worker in found])
        return
    rows = [row for worker in found for row in _rows(worker)]
    print_rows(rows, (*COLUMNS, *JOB_COLUMNS), "no worker is alive; start one: fleetforge up")


def _state(worker: WorkerState) -> str:
    if not worker.alive:
        return f"silent for {duration(worker.silent_seconds)}"
    if worker.jobs:
        return worker.jobs[0].status
    return "starting" if worker.ready_at is None else "idle"


def _rows(worker: WorkerState) -> Iterator[dict[str, Any]]:
    """A row for each job of a worker; one row if it has none."""
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
            "job": job.id,
            "machine_id": job.machine_id,
            "stage": job.stage,
            "progress": f"{job.progress} %",
            "runs since": moment(job.started_at),
        }
