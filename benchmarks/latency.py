"""`make bench-latency`: time from the end of one stage to the first line of the next.

Fleetforge, stock Dramatiq and Celery are measured in one run; systems with the same number of
workers share a broker. Fleetforge's time includes the transaction that ends the first stage, the
transaction that claims the second one, and the start of its process. The tasks of the others start
when they receive the message.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

import actors  # declares the stages, so that events have subscribers
from actors.broker.client import Broker
from benchmarks.chaos.verdict import quantile
from benchmarks.fleet import take_in_cheap_machine
from benchmarks.peers import BROKER, NAMESPACE
from benchmarks.servers import Valkey
from benchmarks.trace import TRACE, hops
from storage.database import database, open_database
from storage.queries import machines
from storage.schema import upgrade
from storage.settings import PREFIX, Settings
from storage.status import MachineStatus

assert actors

#: Pause between triggers of different systems in the idle run, so that they do not affect each
#: other, seconds.
_STAGGER_SECONDS = 0.5
_LIMIT_SECONDS = 60.0
_LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class Figures:
    """Hand-overs of one system, milliseconds."""

    system: str
    workers: int
    idle: bool
    count: int
    p50: float
    p95: float
    p99: float


@dataclass
class System:
    """One of the compared systems, with running workers.

    Attributes:
        trigger: Starts one piece of work whose first step hands over to the second, and returns
            when all of it is done.
        folder: Folder in which its processes record times.
        steps: Number of hand-overs of one piece of work.
    """

    name: str
    workers: int
    trigger: Callable[[], None]
    folder: Path
    steps: int = 1

    def first_hops(self) -> list[float]:
        """The first hand-over of each piece of work, milliseconds, in order."""
        return [took for _, took in sorted(hops(self.folder).items())][:: self.steps]

    def figures(self, *, idle: bool, before: int) -> Figures:
        """The hand-overs of all pieces of work but the first `before`."""
        took = sorted(self.first_hops()[before:])
        quantiles = [round(quantile(took, share), 2) for share in (0.5, 0.95, 0.99)]
        return Figures(self.name, self.workers, idle, len(took), *quantiles)


@contextmanager
def fleetforge(valkey: Valkey, workers: int) -> Iterator[System]:
    """Fleetforge with SQLite."""
    with ExitStack() as resources:
        folder, home = _folder(resources), _folder(resources)
        settings = Settings(home=home, redis_url=valkey.url)
        open_database(settings)
        upgrade()
        database.close()
        environment = {f"{PREFIX}HOME": str(home), f"{PREFIX}REDIS_URL": valkey.url}
        command = ["-m", "benchmarks.cheap_worker", "default,train"]
        _start(resources, folder, environment, [command] * workers)
        broker, numbers = Broker(settings), count()

        def trigger() -> None:
            open_database(settings)  # A ledger for each number of workers.
            machine_id = f"machine_{next(numbers)}"
            take_in_cheap_machine(machine_id, "", broker.send)
            _until(lambda: machines.machine(machine_id).status is MachineStatus.ONBOARDED)
            database.close()

        yield System("Fleetforge", workers, trigger, folder, steps=3)


@contextmanager
def dramatiq(valkey: Valkey, workers: int) -> Iterator[System]:
    """Stock Dramatiq."""
    command = ["-m", "dramatiq", "benchmarks.peers.dramatiq_app"]
    options = ["--threads", "1", "--processes", str(workers)]
    with _peer("Dramatiq", valkey, workers, [*command, *options]) as system:
        yield system


@contextmanager
def celery(valkey: Valkey, workers: int) -> Iterator[System]:
    """Celery."""
    command = ["-m", "celery", "-A", "benchmarks.peers.celery_app", "worker"]
    options = ["--concurrency", str(workers), "--queues", "first,second", "--loglevel", "ERROR"]
    with _peer("Celery", valkey, workers, [*command, *options]) as system:
        yield system


@contextmanager
def _peer(name: str, valkey: Valkey, workers: int, command: list[str]) -> Iterator[System]:
    with ExitStack() as resources:
        folder = _folder(resources)
        environment = {BROKER: valkey.url, NAMESPACE: f"{name.lower()}{workers}:"}
        _start(resources, folder, environment, [command])
        sender = resources.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "benchmarks.peers.send", name.lower()],
                env=os.environ | environment,
                stdin=subprocess.PIPE,
                text=True,
            )
        )
        assert sender.stdin is not None
        commands, numbers = sender.stdin, count(1)
        resources.callback(commands.close)

        def trigger() -> None:
            number = next(numbers)
            commands.write(f"{number}\n")
            commands.flush()
            _until(lambda: number in hops(folder))

        yield System(name, workers, trigger, folder)


def _folder(resources: ExitStack) -> Path:
    return Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="ff-latency-")))


def _start(
    resources: ExitStack, folder: Path, environment: dict[str, str], commands: list[list[str]]
) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    for command in commands:
        process = subprocess.Popen(
            [sys.executable, *command],
            env=clean | environment | {TRACE: str(folder)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        resources.callback(process.wait)
        resources.callback(process.terminate)


def _until(done: Callable[[], bool]) -> None:
    limit = time.monotonic() + _LIMIT_SECONDS
    while True:
        time.sleep(_LOOK_SECONDS)  # Sleep first: polling takes CPU time from what is measured.
        if done():
            return
        if time.monotonic() > limit:
            raise TimeoutError(f"not done within {_LIMIT_SECONDS} s")


def measure(hot: int, idle: int, idle_seconds: float) -> list[Figures]:
    """Measure all systems with 1 and with 4 worker processes, busy and after a pause.

    Args:
        hot: Number of pieces of work without pauses.
        idle: Number of pieces of work with a pause before each.
        idle_seconds: The pause, seconds.
    """
    found = []
    with ExitStack() as resources:
        systems = []
        for workers in (1, 4):
            valkey = resources.enter_context(Valkey())
            systems += [
                resources.enter_context(start(valkey, workers))
                for start in (fleetforge, dramatiq, celery)
            ]
        for system in systems:  # The first piece of work waits until the workers have started.
            system.trigger()
        for system in systems:
            for _ in range(hot):
                system.trigger()
            found.append(system.figures(idle=False, before=1))
        for _ in range(idle):
            time.sleep(idle_seconds)
            for system in systems:
                system.trigger()
                time.sleep(_STAGGER_SECONDS)
        found += [system.figures(idle=True, before=1 + hot) for system in systems]
    return found


@click.command()
@click.option("--hot", default=200, show_default=True, help="Hand-overs one after the other.")
@click.option("--idle", default=20, show_default=True, help="Hand-overs after a pause.")
@click.option("--idle-seconds", default=30.0, show_default=True, help="The pause.")
@click.option("--json", "target", type=click.Path(path_type=Path), help="Write the figures here.")
def main(hot: int, idle: int, idle_seconds: float, target: Path | None) -> None:
    """Print the hand-over times of Fleetforge, stock Dramatiq and Celery."""
    found = measure(hot, idle, idle_seconds)
    table = Table("system", "workers", "state", "p50 ms", "p95 ms", "p99 ms", "n")
    for one in found:
        state = f"after {idle_seconds:.0f} s idle" if one.idle else "hot"
        cells = (one.workers, state, one.p50, one.p95, one.p99, one.count)
        table.add_row(one.system, *map(str, cells))
    Console().print(table)
    if target is not None:
        target.write_text(json.dumps([asdict(one) for one in found], indent=2))


if __name__ == "__main__":
    main()
