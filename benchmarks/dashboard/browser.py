"""`python -m benchmarks.dashboard.browser`: what the fleet page costs a browser."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import click
from playwright.sync_api import Browser, sync_playwright
from rich.console import Console
from rich.table import Table

from benchmarks.chaos.crew import workers_environment
from benchmarks.dashboard.windows import (
    FRAMES,
    cpu_of,
    heap_of,
    metrics,
    open_fleet,
    renderer_process,
    window,
)
from benchmarks.site import site
from benchmarks.telemetry.fleet import Site, send
from benchmarks.telemetry.workers import service
from storage.database import clock_ms
from tests.web.conftest import CHROMIUM, FLAGS

_MS_PER_MINUTE = 60_000
#: A first visit is repeated so often; medians are shown.
_VISITS = 7
#: After the first picture, code is compiled and caches are filled before the heap is measured.
_SETTLE_SECONDS = 10

#: Most of each figure, by its name.
GOALS = {
    "requests": 16,
    "bytes": 45_000,
    "first_paint_ms": 1_000,
    "cpu_seconds": 0.5,
    "elements": 2_500,
    "renderer_cores": 0.2,
    "main_thread_cores": 0.12,
    "draws_per_second": 4.0,
    "frame_p95_ms": 20.0,
    "heap_growth_mb": 1.0,
}
#: Until all tiles are there, ms, by number of units.
FILLED_GOALS = {32: 1_500, 10_000: 4_000}

TEXTS = {
    "requests": "requests",
    "bytes": "bytes of files and answers",
    "first_paint_ms": "first text on the screen, ms",
    "filled_ms": "all units counted, ms",
    "cpu_seconds": "CPU of the main thread until then, s",
    "elements": "elements",
    "minutes": "minutes watched",
    "renderer_cores": "renderer process: cores",
    "main_thread_cores": "main thread: cores",
    "draws_per_second": "draws a second",
    "frame_p95_ms": "95 % of frames within, ms",
    "long_tasks": "tasks of more than 100 ms, by the clock",
    "heap_growth_mb": "growth of the heap after collection, MB",
    "node_growth": "growth of nodes, with those that are detached",
}


@dataclass(frozen=True)
class Visit:
    """First visits to the fleet page, each with an empty cache; medians."""

    units: int
    requests: float
    bytes: float
    first_paint_ms: float
    filled_ms: float
    cpu_seconds: float
    elements: float


@dataclass(frozen=True)
class Watch:
    """The fleet page while readings arrive."""

    units: int
    changed: int
    minutes: float
    renderer_cores: float
    main_thread_cores: float
    draws_per_second: float
    frame_p95_ms: float
    long_tasks: int
    heap_growth_mb: float
    node_growth: int
    elements: int


def visits(browser: Browser, address: str, units: int) -> Visit:
    """Visit the page again and again, as somebody new does."""
    found = [_visit(browser, address, units) for _ in range(_VISITS)]
    return Visit(units, *(median(column) for column in zip(*found, strict=True)))


def _visit(browser: Browser, address: str, units: int) -> tuple[float, ...]:
    with window(browser) as (page, session):
        sizes: list[int] = []
        page.on("requestfinished", lambda one: sizes.append(one.sizes()["responseBodySize"]))
        open_fleet(page, address, units)
        paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        cpu = metrics(session)["TaskDuration"]
        filled = page.evaluate("noted.filled")
        page.wait_for_load_state("networkidle")
        return len(sizes), sum(sizes), paint, filled, cpu, page.locator("*").count()


def watch(
    browser: Browser,
    address: str,
    fleet: Site,
    start: int,
    *,
    units: int,
    changed: int,
    minutes: float,
) -> Watch:
    """Watch the page while units send readings.

    Args:
        browser: The browser.
        address: Of the service.
        fleet: The ledger, to which readings are sent.
        start: Time of the units' last readings, ms since 1970.
        units: Number of units.
        changed: How many of them send a reading each second.
        minutes: How long.
    """
    with window(browser) as (page, session):
        open_fleet(page, address, units)
        sender = Sender(fleet, changed, start)
        sender.send_for(_SETTLE_SECONDS)
        renderer = renderer_process()
        heap, nodes = heap_of(session)
        page.evaluate("noted.draws = noted.long = 0")
        before, cpu, began = metrics(session), cpu_of(renderer), time.monotonic()
        sender.send_for(minutes * 60)
        took = time.monotonic() - began
        after = metrics(session)
        noted = page.evaluate("noted")
        used = cpu_of(renderer) - cpu
        later, now_nodes = heap_of(session)
        page.evaluate(f"window.frames_ = ({FRAMES})({_SETTLE_SECONDS})")
        frames = sorted(page.evaluate("frames_"))
        return Watch(
            units=units,
            changed=changed,
            minutes=took / 60,
            renderer_cores=used / took,
            main_thread_cores=(after["TaskDuration"] - before["TaskDuration"]) / took,
            draws_per_second=noted["draws"] / took,
            frame_p95_ms=frames[int(0.95 * len(frames))],
            long_tasks=noted["long"],
            heap_growth_mb=(later - heap) / 1e6,
            node_growth=round(now_nodes - nodes),
            elements=page.locator("*").count(),
        )


class Sender:
    """Readings of some units, once a second."""

    def __init__(self, fleet: Site, units: int, start: int) -> None:
        self._fleet, self._units, self._at = fleet, units, start

    def send_for(self, seconds: float) -> None:
        """Send readings for so long."""
        began = time.monotonic()
        for second in range(round(seconds)):
            self._at += _MS_PER_MINUTE
            send(self._fleet, self._units, self._at)
            time.sleep(max(0.0, began + second + 1 - time.monotonic()))


@contextmanager
def served(units: int) -> Iterator[tuple[str, Site, int]]:
    """A service whose units have predictions: its address, its ledger, the time of the readings."""
    with site("sqlite") as place:
        fleet = Site(place.settings)
        start = clock_ms() - 24 * 60 * _MS_PER_MINUTE
        send(fleet, units, start)
        fleet.predict()
        with service(workers_environment(place.settings)) as address:
            yield address, fleet, start


def measured(browser: Browser, changed: int, minutes: float) -> dict[str, Any]:
    """All figures, with what they were measured on."""
    with served(32) as (address, _, _):
        few = visits(browser, address, 32)
    with served(10_000) as (address, fleet, start):
        many = visits(browser, address, 10_000)
        long = watch(browser, address, fleet, start, units=10_000, changed=changed, minutes=minutes)
    return {
        "conditions": {
            "browser": browser.version,
            "cores": os.cpu_count(),
            "load_average": [round(one, 1) for one in os.getloadavg()],
        },
        "goals": GOALS | {f"filled_ms of {units}": goal for units, goal in FILLED_GOALS.items()},
        "visits": [asdict(few), asdict(many)],
        "watch": asdict(long),
    }


@click.command()
@click.option("--changed", default=1_000, show_default=True, help="Units that change a second.")
@click.option("--minutes", default=10.0, show_default=True, help="How long the page is watched.")
@click.option("--json", "target", type=click.Path(path_type=Path), help="Write the figures here.")
def main(changed: int, minutes: float, target: Path | None) -> None:
    """Print what the fleet page costs a browser, and the goals."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        found = measured(browser, changed, minutes)
        browser.close()
    table = Table("", "32 units", "10,000 units", "goal", title=str(found["conditions"]))
    few, many = found["visits"]
    many = found["watch"] | many
    for name, text in TEXTS.items():
        table.add_row(text, _shown(few.get(name)), _shown(many[name]), _goal(name))
    Console().print(table)
    if target is not None:
        target.write_text(json.dumps(found, indent=2) + "\n")


def _goal(name: str) -> str:
    if name == "filled_ms":
        return " and ".join(f"≤ {goal:,}" for goal in FILLED_GOALS.values())
    return f"≤ {GOALS[name]:,g}" if name in GOALS else ""


def _shown(figure: float | None) -> str:
    if figure is None:
        return ""
    return f"{figure:,.0f}" if abs(figure) >= 10 else f"{figure:.3g}"


if __name__ == "__main__":
    main()
