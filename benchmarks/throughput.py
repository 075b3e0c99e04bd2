"""`make bench-throughput`: machines a second through four stages that do nothing.

Each machine runs through the whole protocol: onboarding, four claims, four processes' replies, four
completions, three hand-overs. The cost of a machine should stay the same in a fleet that is twenty
times as large; the indexes on pending jobs are for that. Celery runs a chain of four tasks with its
result backend.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from actors.broker.client import Broker
from benchmarks.chaos.crew import workers_environment
from benchmarks.fleet import cheap_machine
from benchmarks.peers import BROKER, NAMESPACE
from benchmarks.servers import Valkey
from benchmarks.site import site
from events.onboarding import register
from events.plan import Plan
from storage.database import execute, reading
from storage.settings import PREFIX

_LOOK_SECONDS = 0.2
#: Machines registered by one call, as with `onboard FOLDER`.
_BATCH = 500


@dataclass(frozen=True)
class Throughput:
    """One run.

    Attributes:
        seconds: Time from the registration of the first machine to the end of the last chain.
        cost_ms: Time for a machine.
    """

    system: str
    machines: int
    seconds: float
    machines_a_second: float
    cost_ms: float


def fleetforge(kind: str, machines: int, workers: int) -> Throughput:
    """A fleet on SQLite or PostgreSQL.

    Args:
        kind: `sqlite` or `postgresql`.
        machines: Size of the fleet.
        workers: Worker processes.
    """
    with site(kind) as place, ExitStack() as resources:
        environment = workers_environment(place.settings)
        command = ["-m", "benchmarks.cheap_worker", "default,train"]
        for _ in range(workers):
            _start(resources, environment, command)
        broker = Broker(place.settings)
        _take_in(0, 1, broker)
        _until_onboarded(1)
        began = time.monotonic()
        for first in range(1, machines + 1, _BATCH):
            _take_in(first, min(first + _BATCH, machines + 1), broker)
        _until_onboarded(machines + 1)
        return _figures(f"Fleetforge, {kind}", machines, time.monotonic() - began)


def _take_in(first: int, last: int, broker: Broker) -> None:
    newcomers = [cheap_machine(f"machine_{number:05}", "") for number in range(first, last)]
    register(newcomers, Plan(), broker.send, actor="benchmark")


def _until_onboarded(machines: int) -> None:
    while True:
        with reading():
            ((onboarded,),) = execute(_ONBOARDED)
        if onboarded >= machines:
            return
        time.sleep(_LOOK_SECONDS)


def celery(machines: int, workers: int) -> Throughput:
    """Celery: a chain of four tasks for each machine, with results."""
    with ExitStack() as resources:
        valkey = resources.enter_context(Valkey())
        environment = {BROKER: valkey.url, NAMESPACE: "celery:"}
        command = ["-m", "celery", "-A", "benchmarks.peers.celery_app", "worker"]
        options = ["--concurrency", str(workers), "--queues", "first", "--loglevel", "ERROR"]
        _start(resources, environment, [*command, *options])
        script = [sys.executable, "-m", "benchmarks.peers.chains", str(machines)]
        done = subprocess.run(
            script, env=os.environ | environment, check=True, capture_output=True, text=True
        )
        return _figures("Celery chain with results", machines, float(done.stdout))


def _start(resources: ExitStack, environment: dict[str, str], command: list[str]) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    process = subprocess.Popen(
        [sys.executable, *command],
        env=clean | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    resources.callback(process.wait)
    resources.callback(process.terminate)


def _figures(system: str, machines: int, seconds: float) -> Throughput:
    rate, cost = machines / seconds, 1000 * seconds / machines
    return Throughput(system, machines, round(seconds, 1), round(rate, 1), round(cost, 2))


@click.command()
@click.option("--small", default=500, show_default=True, help="Machines of the small fleet.")
@click.option("--large", default=10_000, show_default=True, help="Machines of the large fleet.")
@click.option("--workers", default=2, show_default=True, help="Worker processes.")
@click.option("--json", "target", type=click.Path(path_type=Path), help="Write the figures here.")
def main(small: int, large: int, workers: int, target: Path | None) -> None:
    """Print the time for a machine in a small and a large fleet, compared with Celery."""
    table = Table("system", "machines", "seconds", "machines/s", "ms a machine", "large / small")
    found = []
    for kind in ("sqlite", "postgresql", "celery"):
        runs = [
            celery(machines, workers) if kind == "celery" else fleetforge(kind, machines, workers)
            for machines in (small, large)
        ]
        found += runs
        ratio = runs[1].cost_ms / runs[0].cost_ms
        for one, last in zip(runs, ("", f"{ratio:.2f}"), strict=True):
            cells = (one.machines, one.seconds, one.machines_a_second, one.cost_ms)
            table.add_row(one.system, *map(str, cells), last)
    Console().print(table)
    if target is not None:
        target.write_text(json.dumps([asdict(one) for one in found], indent=2))


_ONBOARDED = "SELECT COUNT(*) FROM events WHERE type = 'MachineOnboarded'"

if __name__ == "__main__":
    main()
