"""`make bench-rescue`: time from SIGKILL to the next start, with the default and a short lease.

Half of the workers run long stages and the other half is idle, so only the time to detect the kill
is measured. `make chaos` measures the same under load.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from actors.broker.client import Broker
from benchmarks.chaos.crew import Crew, workers_environment
from benchmarks.chaos.storm import Kill
from benchmarks.chaos.verdict import Latency, read_logs, rescue_latency
from benchmarks.fleet import take_in_cheap_machine
from benchmarks.site import site
from storage.queries import jobs as job_queries
from storage.queries.jobs import JobRow
from storage.settings import Settings
from storage.status import JobStatus

_LONG_SECONDS = 1000
_LIMIT_SECONDS = 120.0


@dataclass(frozen=True)
class Rescue:
    """The result of one run."""

    database: str
    lease_seconds: float
    killed: str
    latency: Latency


def drill(kind: str, lease_seconds: float, jobs: int) -> list[Rescue]:
    """Kill the processes of running stages, then the workers.

    Args:
        kind: `sqlite` or `postgresql`.
        lease_seconds: The workers' lease.
        jobs: Number of running jobs; the number of idle workers is the same.
    """
    with site(kind, lease_seconds=lease_seconds) as place, ExitStack() as resources:
        settings = place.settings
        logs = settings.home / "logs-of-workers"
        logs.mkdir()
        crew = Crew(workers_environment(settings), logs, 2 * jobs)
        crew.tend()
        resources.callback(crew.stop)
        broker = Broker(settings)
        for number in range(jobs):
            description = json.dumps({"seconds": _LONG_SECONDS})
            take_in_cheap_machine(f"machine_{number}", description, broker.send)
        kills: list[Kill] = []
        for killed in ("stage process", "worker"):
            before = _running(jobs, {kill.token for kill in kills})
            kills += [_kill(crew, killed, job) for job in before]
            _running(jobs, {job.token for job in before})
        lines = read_logs(logs)
        return [
            Rescue(kind, lease_seconds, killed, latency)
            for killed in ("stage process", "worker")
            if (latency := rescue_latency(kills, killed, lines)) is not None
        ]


def _running(jobs: int, not_under: set[int]) -> list[JobRow]:
    """The running jobs, once all of them run and none has one of these tokens."""
    limit = time.monotonic() + _LIMIT_SECONDS
    while True:
        found = job_queries.jobs(status=JobStatus.RUNNING)
        if len(found) == jobs and not {job.token for job in found} & not_under:
            return found
        if time.monotonic() > limit:
            raise TimeoutError(f"{len(found)} of {jobs} jobs run")
        time.sleep(0.1)


def _kill(crew: Crew, killed: str, job: JobRow) -> Kill:
    time.sleep(random.uniform(0, 1))  # A random time between two renewals of the lease.
    worker = int(str(job.worker).split(":")[1])
    pid = worker if killed == "worker" else crew.stage_process(worker)
    assert pid is not None
    kill = Kill(killed, time.time(), job.id, job.token)
    os.kill(pid, signal.SIGKILL)
    return kill


@click.command()
@click.option("--jobs", default=8, show_default=True, help="How many are killed, of each kind.")
@click.option("--json", "target", type=click.Path(path_type=Path), help="Write the figures here.")
def main(jobs: int, target: Path | None) -> None:
    """Print the time from a kill to the job's next start."""
    default = Settings.model_fields["lease_seconds"].default
    found = [
        rescue
        for kind in ("sqlite", "postgresql")
        for lease in (default, 3.0)
        for rescue in drill(kind, lease, jobs)
    ]
    table = Table("database", "lease s", "killed", "n", "p50 s", "p99 s", "max s")
    for one in found:
        latency = one.latency
        figures = (latency.p50, latency.p99, latency.max)
        cells = [f"{one.lease_seconds:g}", one.killed, str(latency.count)]
        table.add_row(one.database, *cells, *(f"{figure:.2f}" for figure in figures))
    Console().print(table)
    if target is not None:
        target.write_text(json.dumps([asdict(one) for one in found], indent=2))


if __name__ == "__main__":
    main()
