"""`make bench-fleet`: the whole fleet, onboarded by two workers, against a loop over stock SDV.

The peer does the minimum without Fleetforge: in two processes, one machine after the other, fit
stock TVAE with its default 300 epochs on 10,000 rows of a seed, sample as many rows as ours, and
write them. It makes no seed, no lives and no report, and its start-up is not counted. It is
measured on a few machines and scaled to the fleet. Its processes yield to other work as stages do,
so that a busy computer slows both alike.

Ours ends when the last machine is onboarded. Predictors have a lower priority, so they are trained
after that, and are timed apart.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

# Two processes on two cores; the same for both systems.
os.environ["OMP_NUM_THREADS"] = "1"

import click
from rich.console import Console
from rich.table import Table

from benchmarks.gan.systems import stock
from GAN.config.tvae_config import DEFAULT_SAMPLES
from GAN.profiles.catalogue import fleet_ids, fleet_profile
from GAN.simulation.physics import physics_seed
from GAN.synthesis.life_model import nominal_readings
from storage.settings import PREFIX

STOCK_EPOCHS = 300
#: Half of a seed by default, and as many as seeds had before they had 60 lives.
PEER_ROWS = 10_000
PROCESSES = 2
#: Of the processes of stages (`actors.runtime.stage_process`).
NICENESS = 10


@dataclass(frozen=True)
class Fleet:
    """Times of both systems in seconds.

    Attributes:
        onboarded: Machines whose sets passed.
        ours: Until the last machine was onboarded, start-up included.
        predictors: From then until all predictors were trained.
        megabytes: Files of a machine.
        peer: Estimated for all machines from `peer_measured` of them.
    """

    machines: int
    onboarded: int
    ours: float
    predictors: float
    megabytes: float
    peer: float
    peer_measured: int

    @property
    def ratio(self) -> float:
        """Speed-up of ours over the peer."""
        return self.peer / self.ours


class Onboarding(NamedTuple):
    """See `Fleet`."""

    onboarded: int
    ours: float
    predictors: float
    megabytes: float


def onboarding() -> Onboarding:
    """Run `fleetforge onboard --fleet --wait` in an empty home."""
    with tempfile.TemporaryDirectory(prefix="ff-fleet-") as home:
        environment = {name: os.environ[name] for name in os.environ if not name.startswith(PREFIX)}
        environment[f"{PREFIX}HOME"] = home

        def run(*arguments: str) -> bytes:
            command = [sys.executable, "-P", "-m", "cli", *arguments]
            return subprocess.run(
                command, env=environment, check=True, stdout=subprocess.PIPE
            ).stdout

        # The ledger has times since 1970.
        began = time.time()
        run("onboard", "--fleet", "--wait")
        ended = time.time()
        machines = json.loads(run("status", "--json"))
        last = max(machine["since"] for machine in machines) / 1000
        size = sum(file.stat().st_size for file in (Path(home) / "GAN").rglob("*"))
        return Onboarding(
            onboarded=sum(machine["status"] == "onboarded" for machine in machines),
            ours=round(last - began, 1),
            predictors=round(ended - last, 1),
            megabytes=round(size / 1e6 / len(machines), 1),
        )


def stock_machine(machine_id: str) -> float:
    """Seconds that the peer takes for one machine."""
    began = time.monotonic()
    profile = fleet_profile(machine_id)
    seed = nominal_readings(physics_seed(profile, PEER_ROWS, 0), profile)
    sample = stock(seed, 0, STOCK_EPOCHS)()
    with tempfile.TemporaryDirectory() as folder:
        for name, rows in DEFAULT_SAMPLES.items():
            sample(rows, Path(folder) / f"{name}.parquet")
    return time.monotonic() - began


def peer(machine_ids: list[str]) -> float:
    """Time of two processes for these machines, assuming that neither waits for the other."""
    with ProcessPoolExecutor(
        PROCESSES, get_context("spawn"), initializer=os.nice, initargs=(NICENESS,)
    ) as pool:
        list(pool.map(_warm_up, range(PROCESSES)))
        return sum(pool.map(stock_machine, machine_ids)) / PROCESSES


def _warm_up(_: int) -> None:
    """Load what is loaded only once; slow enough for both processes to take part."""
    profile = fleet_profile(fleet_ids()[0])
    sample = stock(nominal_readings(physics_seed(profile, 1_000, 0), profile), 0, 5)()
    with tempfile.TemporaryDirectory() as folder:
        sample(100, Path(folder) / "rows.parquet")


@click.command()
@click.option(
    "--machines",
    type=click.IntRange(2, 32),
    default=4,
    show_default=True,
    help="Machines that the peer is measured on.",
)
@click.option("--json", "target", type=click.Path(path_type=Path), help="Write the results here.")
def main(machines: int, target: Path | None) -> None:
    """Print the time of both systems for the fleet, and the speed-up."""
    fleet = fleet_ids()
    some = fleet[:: len(fleet) // machines][:machines]
    half = machines // 2
    # Before and after ours, because a shared computer is not always equally fast.
    before = peer(some[:half])
    ours = onboarding()
    peer_seconds = (before + peer(some[half:])) / len(some) * len(fleet)
    found = Fleet(
        len(fleet), **ours._asdict(), peer=round(peer_seconds, 1), peer_measured=len(some)
    )
    table = Table(
        "machines",
        "onboarded",
        "ours s",
        "predictors s",
        "MB each",
        "stock s (estimated)",
        "× faster",
    )
    table.add_row(str(found.machines), *map(str, ours), str(found.peer), f"{found.ratio:.1f}")
    Console().print(table)
    if target is not None:
        target.write_text(json.dumps(asdict(found) | {"ratio": found.ratio}, indent=2))


if __name__ == "__main__":
    main()
