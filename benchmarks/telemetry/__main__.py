"""`make bench-live`: what readings of many units cost, and how soon an alert follows."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, quantiles

import click
import httpx
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.chaos.crew import workers_environment
from benchmarks.site import site
from benchmarks.telemetry.fleet import MACHINE, Site, body
from benchmarks.telemetry.workers import service, worker
from events.telemetry import take_in
from GAN.telemetry.batch import read_batch
from storage.database import clock_ms, execute, reading
from storage.queries.in_service import alerts

_MS_PER_MINUTE = 60_000
_TABLES = ("events", "jobs", "units", "readings", "predictions", "alerts", "artifacts")
_LIMIT_SECONDS = 30.0


@dataclass(frozen=True)
class Batches:
    """Readings of many units, one a minute.

    Attributes:
        first_seconds: CPU of the first batch, from its body to committed predictions: it adds the
            units, and every prediction is explained.
        plain_seconds: Mean CPU of the batches whose predictions are not kept.
        kept_seconds: Mean CPU of those whose predictions are kept with their reasons.
        same_again_seconds: CPU of a batch that came before.
        share_of_core: CPU of all batches but the first, by the time that they stand for.
        grown: Rows that each table got after the first batch.
    """

    database: str
    units: int
    minutes: int
    first_seconds: float
    plain_seconds: float
    kept_seconds: float
    same_again_seconds: float
    share_of_core: float
    grown: dict[str, int]


@dataclass(frozen=True)
class Alerts:
    """From sending the readings of a worn unit over HTTP until its alert is in the ledger.

    Attributes:
        p50_ms: Median; likewise `p95_ms`.
    """

    database: str
    count: int
    p50_ms: float
    p95_ms: float


def batches(kind: str, units: int, minutes: int) -> Batches:
    """Send a batch a minute, and predict; the database's CPU counts too."""
    with site(kind) as place:
        fleet = Site(place.settings)
        start = clock_ms() - (minutes + 2) * _MS_PER_MINUTE
        spent: list[float] = []
        again = 0.0
        before: dict[str, int] = {}
        for minute in range(minutes + 1):
            sent = body(fleet.profile, units, start + minute * _MS_PER_MINUTE, minute)
            began = _cpu()
            _send(fleet, sent)
            fleet.predict()
            spent.append(_cpu() - began)
            if minute == 0:
                before = _counts()
                began = _cpu()
                _send(fleet, sent)
                again = _cpu() - began
        after = _counts()
    kept = [seconds for minute, seconds in enumerate(spent) if minute and minute % 5 == 0]
    plain = [seconds for minute, seconds in enumerate(spent) if minute % 5]
    return Batches(
        database=kind,
        units=units,
        minutes=minutes,
        first_seconds=spent[0],
        plain_seconds=mean(plain),
        kept_seconds=mean(kept),
        same_again_seconds=again,
        share_of_core=sum(spent[1:]) / (60 * minutes),
        grown={name: after[name] - before[name] for name in _TABLES},
    )


def _send(fleet: Site, sent: bytes) -> None:
    take_in(read_batch(sent, "application/json"), fleet.sent.extend, actor="bench")


def _counts() -> dict[str, int]:
    with reading():
        return {name: execute(f"SELECT COUNT(*) FROM {name}")[0][0] for name in _TABLES}


def _cpu() -> float:
    """CPU seconds of this process and of the database's."""
    total = time.process_time()
    for child in psutil.Process().children(recursive=True):
        with _gone():
            if child.name() == "postgres":
                times = child.cpu_times()
                total += times.user + times.system
    return total


@contextmanager
def _gone() -> Iterator[None]:
    try:
        yield
    except psutil.NoSuchProcess:
        return


def alert_latency(kind: str, count: int) -> Alerts:
    """Send whole worn lives over HTTP, one at a time, to an idle service and worker."""
    from GAN.prognosis.training_lives import simulated_lives

    with site(kind) as place:
        fleet = Site(place.settings)
        names = [sensor.name for sensor in fleet.profile.sensors]
        life = simulated_lives(fleet.profile, 1, 77)
        life = life[(life["unit_id"] == 1) & (life["rul_hours"] > 2)].iloc[-60:]
        start = clock_ms() - round(float(life["cycle_hour"].max()) * 3_600_000) - 60_000
        times = []
        environment = workers_environment(place.settings)
        with worker(environment), service(environment) as address:
            client = httpx.Client(base_url=address, timeout=30)
            for number in range(count):
                rows = [
                    {
                        "unit": f"w{number}",
                        "at": start + round(row["cycle_hour"] * 3_600_000),
                        "readings": {name: row[name] for name in names},
                    }
                    for row in life.to_dict("records")
                ]
                began = time.monotonic()
                answer = client.post(f"/api/gan/machines/{MACHINE}/readings", json=rows)
                answer.raise_for_status()
                _wait_for_alert(f"w{number}")
                times.append(1000 * (time.monotonic() - began))
                threading.Event().wait(0.2)
    return Alerts(kind, count, quantiles(times, n=2)[0], quantiles(times, n=20)[-1])


def _wait_for_alert(unit: str) -> None:
    until = time.monotonic() + _LIMIT_SECONDS
    while not alerts.alerts(machine_id=MACHINE, unit=unit, limit=1):
        if time.monotonic() > until:
            raise TimeoutError(f"no alert of {unit} within {_LIMIT_SECONDS:g} s")
        time.sleep(0.002)


@click.command()
@click.option("--units", default=10_000, show_default=True)
@click.option("--minutes", default=10, show_default=True)
@click.option("--alerts", "count", default=40, show_default=True, help="Alerts that are timed.")
@click.option("--json", "target", type=click.Path(path_type=Path), help="Write the figures here.")
def main(units: int, minutes: int, count: int, target: Path | None) -> None:
    """Print what readings cost on both databases."""
    kinds = ("sqlite", "postgresql")
    costs = [batches(kind, units, minutes) for kind in kinds]
    delays = [alert_latency(kind, count) for kind in kinds]
    table = Table("", *kinds, title=f"{units:,} units, a reading a minute, {minutes} minutes")
    for name, text in (
        ("first_seconds", "CPU of the first batch, s"),
        ("plain_seconds", "of a batch whose predictions are not kept, s"),
        ("kept_seconds", "of one whose predictions are kept, with reasons, s"),
        ("same_again_seconds", "of the same batch again, s"),
        ("share_of_core", "share of one core"),
    ):
        table.add_row(text, *(f"{getattr(cost, name):.3f}" for cost in costs))
    for name in _TABLES:
        table.add_row(f"rows added to {name}", *(f"{cost.grown[name]:,}" for cost in costs))
    table.add_row("from reading to alert over HTTP, p50 ms", *(f"{d.p50_ms:.0f}" for d in delays))
    table.add_row("p95 ms", *(f"{d.p95_ms:.0f}" for d in delays))
    Console().print(table)
    if target is not None:
        found = {"batches": list(map(asdict, costs)), "alerts": list(map(asdict, delays))}
        target.write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
