"""`make bench-dashboard`: what the service spends on pages that watch a fleet."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.chaos.crew import workers_environment
from benchmarks.dashboard.viewers import viewing
from benchmarks.site import site
from benchmarks.telemetry.fleet import MACHINE, Site, send
from benchmarks.telemetry.workers import service
from storage.database import clock_ms

_MS_PER_MINUTE = 60_000

#: The goals: most of each figure, by its name.
GOALS = {
    "first_frames": 25,
    "first_cpu_seconds": 0.4,
    "synced_bytes": 1_000,
    "changes_cores": 0.5,
}

#: What the figures are, in the order of the table.
TEXTS = {
    "first_look_cpu_seconds": "first page of a process: CPU of the service, s",
    "first_frames": "first picture of a further page: frames",
    "first_bytes": "bytes",
    "first_cpu_seconds": "CPU of the service, s",
    "synced_bytes": "bytes of `synced`",
    "idle_cores": "without changes: cores",
    "changes_cores": "with changes: cores",
    "states_per_second": "states that a page got a second",
    "bytes_per_second": "bytes that a page got a second",
}


@dataclass(frozen=True)
class Cost:
    """What watching costs the service; the database's CPU does not count.

    Attributes:
        units: Units of the fleet.
        viewers: Pages that watch.
        changed: Units that got readings each second.
        first_look_cpu_seconds: Of the first page, which makes the service read all units.
        idle_cores: CPU seconds a second while nothing changes.
    """

    database: str
    units: int
    viewers: int
    changed: int
    first_look_cpu_seconds: float
    first_frames: int
    first_bytes: int
    first_cpu_seconds: float
    synced_bytes: int
    idle_cores: float
    changes_cores: float
    states_per_second: float
    bytes_per_second: float


def watching(kind: str, units: int, viewers: int, changed: int, seconds: int) -> Cost:
    """Let pages watch a fleet whose units have predictions."""
    with site(kind) as place:
        fleet = Site(place.settings)
        start = clock_ms() - (seconds + 2) * _MS_PER_MINUTE
        send(fleet, units, start)
        fleet.predict()
        with service(workers_environment(place.settings)) as address:
            process = _service()
            before = _cpu(process)
            with viewing(address, 1):
                first_look = _cpu(process) - before
                before = _cpu(process)
                with viewing(address, 1) as (further,):
                    first_cpu = _cpu(process) - before
                    frames, size = further.frames, further.bytes
            with viewing(address, viewers) as received:
                before, began = _cpu(process), time.monotonic()
                time.sleep(seconds)
                idle = (_cpu(process) - before) / (time.monotonic() - began)
                states, sent = received[0].states, received[0].bytes
                before, began = _cpu(process), time.monotonic()
                for second in range(seconds):
                    send(fleet, changed, start + (second + 1) * _MS_PER_MINUTE)
                    time.sleep(max(0.0, began + second + 1 - time.monotonic()))
                took = time.monotonic() - began
                return Cost(
                    database=kind,
                    units=units,
                    viewers=viewers,
                    changed=changed,
                    first_look_cpu_seconds=first_look,
                    first_frames=frames,
                    first_bytes=size,
                    first_cpu_seconds=first_cpu,
                    synced_bytes=further.synced_bytes,
                    idle_cores=idle,
                    changes_cores=(_cpu(process) - before) / took,
                    states_per_second=(received[0].states - states) / took,
                    bytes_per_second=(received[0].bytes - sent) / took,
                )


def _service() -> psutil.Process:
    children = psutil.Process().children()
    return next(child for child in children if "web" in child.cmdline())


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


@click.command()
@click.option("--units", default=10_000, show_default=True)
@click.option("--viewers", default=50, show_default=True)
@click.option("--changed", default=1_000, show_default=True, help="Units that change a second.")
@click.option("--seconds", default=30, show_default=True, help="Without changes, and with.")
@click.option("--json", "target", type=click.Path(path_type=Path), help="Write the figures here.")
def main(units: int, viewers: int, changed: int, seconds: int, target: Path | None) -> None:
    """Print what watching costs the service on both databases, and the goals."""
    costs = [watching(kind, units, viewers, changed, seconds) for kind in ("sqlite", "postgresql")]
    title = f"{units:,} units of {MACHINE}, {viewers} pages, {changed:,} changed units a second"
    table = Table("", *(cost.database for cost in costs), "goal", title=title)
    for name, text in TEXTS.items():
        figures = [getattr(cost, name) for cost in costs]
        goal = f"≤ {GOALS[name]:g}" if name in GOALS else ""
        table.add_row(text, *map(_shown, figures), goal)
    Console().print(table)
    if target is not None:
        found = {"goals": GOALS, "costs": [asdict(cost) for cost in costs]}
        target.write_text(json.dumps(found, indent=2) + "\n")


def _shown(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 10 else f"{figure:.3g}"


if __name__ == "__main__":
    main()
