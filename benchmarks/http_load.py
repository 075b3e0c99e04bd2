"""`make bench-http`: response times of the service, without other work and during trainings.

Workers and service are processes with default settings on this machine; `benchmarks.http_client`
makes the requests. The same requests are sent twice: while nothing else runs, and while the
machines of the fleet run through their chains.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.error import URLError

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from actors.broker.client import Broker
from actors.runtime.supervisor import worker_commands
from benchmarks.chaos.crew import workers_environment
from benchmarks.site import site
from commands.running.web import listen
from events.onboarding import new_machine, register
from events.plan import Plan
from GAN.profiles.catalogue import fleet_ids, fleet_profile
from storage.database import clock_ms
from storage.queries import jobs as job_queries
from storage.queries import machines
from storage.settings import PREFIX, Settings
from storage.status import JobStatus, MachineStatus

_LIMIT_SECONDS = 120.0

#: Limit of the p99 of response times during trainings, ms.
MOST_P99_MS = 100.0


@dataclass(frozen=True)
class Readers:
    """Response times of one run, milliseconds from when a request was due.

    Attributes:
        load: Other work during the run.
        late_p99: p99 of the delay of the client itself.
        jobs: Number of jobs that ran meanwhile, completely or partly.
    """

    database: str
    load: str
    requests: int
    failed: int
    p50: float
    p95: float
    p99: float
    max: float
    late_p99: float
    jobs: int

    @property
    def fails(self) -> bool:
        """Whether a request failed, or responses were too slow during trainings."""
        return self.failed > 0 or (self.load == "trainings" and self.p99 > MOST_P99_MS)


def measure(kind: str, rate: float, seconds: float) -> list[Readers]:
    """Both runs on one database.

    Args:
        kind: `sqlite` or `postgresql`.
        rate: Requests a second.
        seconds: Duration of each run.
    """
    with site(kind) as place, ExitStack() as resources:
        url = _start(place.settings, resources)
        broker = Broker(place.settings)
        fleet = (fleet_profile(machine_id) for machine_id in fleet_ids())
        first, *others = [new_machine("fleet", profile) for profile in fleet]
        register([first], Plan(), broker.send, actor="benchmark")
        _until(lambda: machines.machine(fleet_ids()[0]).status is MachineStatus.ONBOARDED)
        alone = _read(url, kind, "nothing", rate, seconds)
        register(others, Plan(), broker.send, actor="benchmark")
        _until(lambda: len(job_queries.jobs(status=JobStatus.RUNNING)) > 1)
        return [alone, _read(url, kind, "trainings", rate, seconds)]


def _start(settings: Settings, resources: ExitStack) -> str:
    """Start the service and two workers; return the service's address once it answers."""
    with listen("127.0.0.1", 0) as listener:
        port: int = listener.getsockname()[1]
    commands = {"web": ("web", "--port", str(port)), **worker_commands(2)}
    for name, command in commands.items():
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "cli", *command],
            env=workers_environment(settings) | {f"{PREFIX}RATE_LIMIT": "0"},
            stderr=resources.enter_context((settings.home / f"{name}.log").open("wb")),
        )
        resources.callback(process.wait)
        resources.callback(process.terminate)
    url = f"http://127.0.0.1:{port}"
    _until(lambda: _answers(f"{url}/readyz"))
    return url


def _answers(url: str) -> bool:
    try:
        with closing(urllib.request.urlopen(url)) as answer:
            return bool(answer.status == 200)
    except URLError:
        return False


def _until(done: Callable[[], bool]) -> None:
    limit = time.monotonic() + _LIMIT_SECONDS
    while not done():
        if time.monotonic() > limit:
            raise TimeoutError(f"not done within {_LIMIT_SECONDS} s")
        time.sleep(0.2)


def _read(url: str, kind: str, load: str, rate: float, seconds: float) -> Readers:
    machine = fleet_ids()[0]
    task = machines.machine(machine).job_id
    began = clock_ms()
    arguments = (url, machine, str(task), str(rate), str(seconds))
    client = [sys.executable, "-m", "benchmarks.http_client", *arguments]
    answers = json.loads(subprocess.run(client, check=True, stdout=subprocess.PIPE).stdout)
    late, took, ok = (np.array(column) for column in zip(*answers, strict=True))
    jobs = [
        job
        for job in job_queries.jobs()
        if job.started_at and (job.completed_at or clock_ms()) > began
    ]
    p50, p95, p99, most = np.percentile(took * 1000, (50, 95, 99, 100)).round(1)
    return Readers(
        database=kind,
        load=load,
        requests=len(answers),
        failed=int(np.sum(ok == 0)),
        p50=float(p50),
        p95=float(p95),
        p99=float(p99),
        max=float(most),
        late_p99=round(float(np.percentile(late * 1000, 99)), 1),
        jobs=len(jobs),
    )


@click.command()
@click.option("--rate", default=200.0, show_default=True, help="Requests a second.")
@click.option("--seconds", default=30.0, show_default=True, help="Duration of each run.")
@click.option("--json", "target", type=click.Path(path_type=Path), help="Write the results here.")
def main(rate: float, seconds: float, target: Path | None) -> None:
    """Print the response times of the service, without other work and during trainings.

    Exit code 1: a request failed, or p99 during trainings was over 100 ms.
    """
    found = [
        readers for kind in ("sqlite", "postgresql") for readers in measure(kind, rate, seconds)
    ]
    columns = ("database", "load", "requests", "failed", "p50 ms", "p95 ms", "p99 ms", "max ms")
    table = Table(*columns, "client late, p99 ms", "jobs")
    for one in found:
        table.add_row(*map(str, asdict(one).values()))
    Console().print(table)
    if target is not None:
        target.write_text(json.dumps([asdict(one) for one in found], indent=2))
    sys.exit(any(one.fails for one in found))


if __name__ == "__main__":
    main()
