"""Readings while their workers are killed: each is counted once, or this exits with 1."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from typing import Any

import click
import numpy as np

from actors.broker.client import Broker
from benchmarks.chaos.crew import workers_environment
from benchmarks.site import site
from benchmarks.telemetry.fleet import MACHINE, Site
from benchmarks.telemetry.workers import start_worker, wait_for_workers
from events.telemetry import take_in
from GAN.config.thresholds import Thresholds
from GAN.prognosis.condition.sensors import Floats
from GAN.prognosis.levels import LevelState
from GAN.prognosis.readings import Readings
from GAN.prognosis.tracking import TrackedUnit, track
from GAN.telemetry.batch import SentBatch, SentRow
from storage.database import clock_ms, execute, reading
from storage.settings import Settings

_UNITS, _WORKERS = 5, 2
_MS_PER_HOUR, _MINUTE = 3_600_000, 60_000
_LIMIT_SECONDS = 180.0


def run(kind: str, batches: int, kills: int, seed: int) -> list[str]:
    """Send batches of readings while workers are killed.

    Returns:
        What is wrong at the end; empty if nothing is.
    """
    draw = random.Random(seed)
    with site(kind, lease_seconds=3.0) as place:
        fleet = Site(place.settings)
        environment = workers_environment(place.settings)
        crew = [start_worker(environment) for _ in range(_WORKERS)]
        try:
            wait_for_workers(_WORKERS)
            hit = set(draw.sample(range(batches), kills))
            sent = _send(place.settings, fleet, batches, hit, draw, crew, environment)
            _wait_until_used()
        finally:
            for process in crew:
                process.kill()
                process.wait()
        return _wrong(fleet, sent)


def _send(
    settings: Settings,
    fleet: Site,
    batches: int,
    hit: set[int],
    draw: random.Random,
    crew: list[subprocess.Popen[bytes]],
    environment: dict[str, str],
) -> Floats:
    """Send all batches, and kill a worker after some of them; the readings that were sent."""
    broker = Broker(settings)
    start = clock_ms() - (batches + 2) * _MINUTE
    names = [sensor.name for sensor in fleet.profile.sensors]
    low = np.array([sensor.normal.min for sensor in fleet.profile.sensors])
    high = np.array([sensor.normal.max for sensor in fleet.profile.sensors])
    values = np.random.default_rng(0).uniform(low, high, (batches, _UNITS, len(names))).round(6)
    for number in range(batches):
        at = start + number * _MINUTE
        rows = [
            SentRow("", MACHINE, f"u{unit}", at, dict(zip(names, figures, strict=True)))
            for unit, figures in enumerate(values[number].tolist())
        ]
        take_in(SentBatch(rows), broker.send, actor="bench")
        if number in hit:
            place = draw.randrange(len(crew))
            time.sleep(draw.uniform(0, 0.2))
            os.kill(crew[place].pid, signal.SIGKILL)
            crew[place].wait()
            crew[place] = start_worker(environment)
        time.sleep(0.02)
    return values


def _wait_until_used() -> None:
    until = time.monotonic() + _LIMIT_SECONDS
    while _rows("SELECT COUNT(*) FROM units WHERE seen_at > condition_at")[0][0]:
        if time.monotonic() > until:
            raise TimeoutError(f"readings wait still after {_LIMIT_SECONDS:g} s")
        time.sleep(0.2)


def _wrong(fleet: Site, values: Floats) -> list[str]:
    """Compare the conditions with those of one batch in this process, bit for bit."""
    batches = len(values)
    hours = np.arange(batches) * _MINUTE / _MS_PER_HOUR
    unit = np.repeat(np.arange(_UNITS), batches)
    names = tuple(f"u{number}" for number in range(_UNITS))
    rows = Readings(names, unit, np.tile(hours, _UNITS), np.concatenate(values.swapaxes(0, 1)))
    units = [TrackedUnit(name, None, LevelState()) for name in names]
    expected = track(fleet.predictor, units, rows, Thresholds())
    stored = _rows("SELECT unit, condition FROM units")
    found = {name: bytes(condition) for name, condition in stored}
    wrong = [
        f"the condition of {name} differs"
        for name, answer in zip(names, expected, strict=True)
        if found.get(name) != answer.condition
    ]
    ((count,),) = _rows("SELECT COUNT(*) FROM readings")
    if count != batches * _UNITS:
        wrong.append(f"{count} readings, not {batches * _UNITS}")
    ((failed,),) = _rows("SELECT COUNT(*) FROM jobs WHERE status = 'failed'")
    return [*wrong, *([f"{failed} jobs have failed"] if failed else [])]


def _rows(statement: str) -> list[tuple[Any, ...]]:
    with reading():
        return execute(statement)


@click.command()
@click.option("--batches", default=2_000, show_default=True)
@click.option("--kills", default=20, show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(batches: int, kills: int, seed: int) -> None:
    """Kill workers on both databases; exit 1 if a reading was lost or counted twice."""
    found = {}
    for kind in ("sqlite", "postgresql"):
        began = time.monotonic()
        found[kind] = run(kind, batches, kills, seed)
        seconds = time.monotonic() - began
        verdict = "; ".join(found[kind]) or "every reading counted once"
        click.echo(f"{kind}: {batches} batches, {kills} kills, {seconds:.0f} s: {verdict}")
    click.echo(json.dumps(found))
    sys.exit(1 if any(found.values()) else 0)


if __name__ == "__main__":
    main()
