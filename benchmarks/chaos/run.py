"""One chaos run: a fleet, workers, injected faults and the verdict."""

from __future__ import annotations

import json
import random
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from actors.broker.client import Broker
from actors.broker.valkey import EmbeddedValkey
from benchmarks.chaos.crew import Crew, workers_environment
from benchmarks.chaos.storm import Storm
from benchmarks.chaos.verdict import (
    Latency,
    broken_promises,
    read_logs,
    rescue_latency,
    staged_leftovers,
)
from benchmarks.fleet import take_in_cheap_machine
from benchmarks.site import site
from errors import LedgerUnavailable
from storage.database import execute, reading
from storage.queries import machines as machine_queries
from storage.status import PREDICTOR_CHAIN, MachineStatus

#: Mean pause between two faults, seconds.
PAUSE_SECONDS = 1.5
#: A run ends if no machine was onboarded for this long, seconds.
STALL_SECONDS = 120.0
#: Size of the file that each stage writes, bytes.
FILE_BYTES = 20_000

_TICK_SECONDS = 0.05


@dataclass(frozen=True)
class Outcome:
    """The result of a run.

    Attributes:
        misfortunes: How often each fault was injected.
        counts: Numbers of rescues and other events in the workers' logs.
        rescues: Time from SIGKILL of a worker or a stage process to the job's next start.
        seconds: Time from the first machine to the last.
    """

    database: str
    seed: int
    machines: int
    onboarded: int
    broken_promises: list[str]
    misfortunes: dict[str, int]
    counts: dict[str, int]
    rescues: dict[str, Latency | None]
    seconds: float


def run(
    database: str,
    *,
    machines: int,
    kills: int,
    workers: int,
    lease_seconds: float,
    stage_seconds: float,
    seed: int,
    say: Callable[[str], None],
) -> Outcome:
    """Onboard a fleet while faults are injected.

    With SQLite, the broker is the private Valkey, which the workers' stewards have to restart. With
    PostgreSQL, it is a separate server.

    Args:
        database: `sqlite` or `postgresql`.
        machines: Size of the fleet. It grows, at most to three times this size, while a fault that
            needs a running job has not found one.
        kills: Processes to kill: half of them workers, half of them stage processes.
        workers: Number of worker processes.
        lease_seconds: Lease of their jobs, seconds.
        stage_seconds: Duration of a stage, seconds.
        seed: Random seed of the faults and their order.
        say: Prints the progress.
    """
    private_broker = database == "sqlite"
    with site(database, private_broker=private_broker, lease_seconds=lease_seconds) as place:
        home = place.settings.home
        logs = _folder(home, "logs-of-workers")
        crew = Crew(workers_environment(place.settings), logs, workers)
        storm = Storm(place, crew, _folder(home, "full"), random.Random(seed))
        began = time.monotonic()
        try:
            names = _weather(storm, machines, storm.plan(kills), stage_seconds, say)
            seconds = time.monotonic() - began
        finally:
            crew.stop()
            EmbeddedValkey(home).shut_down()
        return _judge(database, seed, home, names, storm, seconds)


def _folder(home: Path, name: str) -> Path:
    folder = home / name
    folder.mkdir()
    return folder


def _weather(
    storm: Storm,
    machines: int,
    plan: list[str],
    stage_seconds: float,
    say: Callable[[str], None],
) -> list[str]:
    """Add machines and inject faults until both are used up and all machines are finished.

    Returns:
        The machines' names.
    """
    description = {
        "seconds": stage_seconds,
        "bytes": FILE_BYTES,
        "full_disks": str(storm.full_disks),
    }
    broker = Broker(storm.place.settings)
    left, names = list(plan), list[str]()
    strike_at = time.monotonic() + 5.0
    onboarded, moved_at, missed = 0, time.monotonic(), False
    while onboarded < len(names) or len(names) < machines or left:
        time.sleep(_TICK_SECONDS)
        storm.tend()
        storm.crew.tend()
        try:
            now = _finished()
            if now > onboarded:
                if now // 25 > onboarded // 25:
                    say(f"{now} of {len(names)} onboarded, {len(left)} misfortunes left")
                onboarded, moved_at = now, time.monotonic()
            if time.monotonic() - moved_at > STALL_SECONDS:
                break
            # One worker stays free for rescued jobs, and the fleet must not finish before all
            # faults were injected.
            through = 1 - len(left) / len(plan)
            busy = len(names) - now
            in_step = len(names) <= through * machines + storm.crew.size
            wanted = 3 * machines if left else machines
            if len(names) < wanted and busy < storm.crew.size - 1 and (in_step or missed):
                name = f"machine_{len(names):04}"
                take_in_cheap_machine(name, json.dumps(description), broker.send)
                names.append(name)
            if left and time.monotonic() >= strike_at:
                misfortune = left.pop()
                missed = not storm.strike(misfortune)
                if not missed:
                    pause = storm.chance.expovariate(1 / PAUSE_SECONDS)
                    strike_at = time.monotonic() + pause
                else:
                    left.insert(0, misfortune)
        except LedgerUnavailable:
            continue  # PostgreSQL is being restarted.
    return names


def _finished() -> int:
    """Machines whose last chain, that of the predictor, is complete."""
    with reading():
        ((count,),) = execute(
            "SELECT COUNT(*) FROM chain_status WHERE chain = :chain AND status = 'complete'",
            chain=PREDICTOR_CHAIN,
        )
    return int(count)


def _judge(
    database: str, seed: int, home: Path, names: list[str], storm: Storm, seconds: float
) -> Outcome:
    logs = read_logs(storm.crew.logs)
    broken = broken_promises(home, names, logs)
    broken += [
        f"a worker that was asked to stop ended with {code}" for code in storm.crew.bad_exits
    ]
    if broken:
        kept = Path(tempfile.mkdtemp(prefix="ff-chaos-kept-"))
        shutil.copytree(home, kept, dirs_exist_ok=True)
        broken.append(f"everything is kept in {kept}")
    lines = [str(line["event"]) for line in logs]
    return Outcome(
        database=database,
        seed=seed,
        machines=len(names),
        onboarded=sum(one.status is MachineStatus.ONBOARDED for one in machine_queries.machines()),
        broken_promises=broken,
        misfortunes=dict(storm.done),
        counts={
            "rescues": lines.count("rescued"),
            "zombie completions refused": lines.count("refused"),
            "leases lost": lines.count("lost"),
            "jobs handed back": lines.count("handed back"),
            "attempts that failed": lines.count("attempt failed"),
            "jobs postponed": lines.count("postponed"),
            "stage processes that died": lines.count("child died"),
            "runs of stages": lines.count("started"),
            "staged leftovers for gc": staged_leftovers(home),
        },
        rescues={
            kind: rescue_latency(storm.kills, kind, logs) for kind in ("worker", "stage process")
        },
        seconds=round(seconds, 1),
    )
