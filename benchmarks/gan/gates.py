"""`make bench-gates`: how often gates find spoilt sets, and how often they reject good ones.

Fresh units of a machine are spoilt, 20 draws for each way, and judged against a simulated seed.
Good sets are fresh units of the fleet's machines, and what our model generates for them. One way
to spoil needs units that differ in several sensors together, which simulated ones do not: these
are judged as real units are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from benchmarks.gan.spoiling import WAYS, Sets
from GAN.config.quality_gates import GATES
from GAN.config.tvae_config import DEFAULT_ROWS, DEFAULT_SAMPLES
from GAN.datasets.real_units import RealUnits
from GAN.datasets.run_to_failure import time_step_of
from GAN.evaluation.assessment import assess
from GAN.evaluation.gates import Light
from GAN.evaluation.quality_report import QualityReport
from GAN.profiles.catalogue import fleet_ids, fleet_profile
from GAN.profiles.profile import MachineProfile
from GAN.progress import silent
from GAN.simulation.physics import generator, physics_seed, simulated_units, units_at_step
from GAN.synthesis.generation import generate
from GAN.synthesis.life_model import learn_lives

SPOILT = "motor_siemens_1la7_001"
#: Lives of good sets, and known units of the law whose units differ together.
LIVES, KNOWN = {"train": 40, "val": 8, "test": 8}, 12
#: Random seeds of good sets, which no seed has.
FIRST = 1_000


def fresh_sets(profile: MachineProfile, step: float, draw: int) -> Sets:
    """Sets of fresh units with this time step, hours."""
    lives = units_at_step(profile, sum(LIVES.values()), step, generator(profile, FIRST + draw))
    last = np.cumsum(list(LIVES.values()))
    return {
        split: lives[lives["unit_id"].between(end - count + 1, end)].reset_index(drop=True)
        for (split, count), end in zip(LIVES.items(), last, strict=True)
    }


def good(draws: int) -> Iterator[QualityReport]:
    """Reports on fresh units, machine after machine of the fleet."""
    for draw in range(draws):
        profile, number = _machine(draw)
        seed = physics_seed(profile, DEFAULT_ROWS, number)
        yield assess(seed, fresh_sets(profile, time_step_of(seed), number), profile)


def ours(draws: int) -> Iterator[QualityReport]:
    """Reports on what our model generates."""
    for draw in range(draws):
        profile, number = _machine(draw)
        seed = physics_seed(profile, DEFAULT_ROWS, number)
        model = learn_lives(seed, profile, None)
        step = time_step_of(seed)
        sets = generate(model, profile, DEFAULT_SAMPLES, step, number, silent)
        yield assess(seed, sets, profile)


def _machine(draw: int) -> tuple[MachineProfile, int]:
    names = fleet_ids()
    return fleet_profile(names[draw % len(names)]), draw // len(names)


def spoilt(way: str, draws: int) -> Iterator[QualityReport]:
    """Reports on fresh units that were spoilt in one way."""
    profile = fleet_profile(SPOILT)
    names = [sensor.name for sensor in profile.sensors]
    for draw in range(draws):
        seed = physics_seed(profile, DEFAULT_ROWS, draw)
        sets = fresh_sets(profile, time_step_of(seed), draw)
        yield assess(seed, WAYS[way](sets, seed, names, np.random.default_rng(draw)), profile)


def of_differing_units(draws: int, *, together: bool) -> Iterator[QualityReport]:
    """Reports on units that differ in all sensors together, or in each by itself, unlike the known.

    Args:
        draws: Number of reports.
        together: Whether synthetic units do.
    """
    profile = fleet_profile(SPOILT)
    for draw in range(draws):
        rng = np.random.default_rng(draw)
        units = simulated_units(profile, 150 * KNOWN, KNOWN, generator(profile, draw))
        known = _differing(units, profile, rng, together=True)
        made = fresh_sets(profile, time_step_of(known), draw)
        sets = {
            split: _differing(frame, profile, rng, together=together)
            for split, frame in made.items()
        }
        yield assess(known, sets, profile, RealUnits(known, None))


def _differing(
    lives: pd.DataFrame, profile: MachineProfile, rng: np.random.Generator, *, together: bool
) -> pd.DataFrame:
    """Add to each unit's readings, in each sensor, about a third of the width of its band."""
    _, unit = np.unique(lives["unit_id"], return_inverse=True)
    shape = (unit.max() + 1, 1 if together else len(profile.sensors))
    added = np.broadcast_to(rng.normal(0.0, 0.3, shape), (shape[0], len(profile.sensors)))[unit]
    return lives.assign(
        **{
            sensor.name: np.clip(
                lives[sensor.name] + column * (sensor.normal.max - sensor.normal.min),
                sensor.physical_limits.min,
                sensor.physical_limits.max,
            )
            for sensor, column in zip(profile.sensors, added.T, strict=True)
        }
    )


def shares(reports: Iterable[QualityReport]) -> dict[str, float]:
    """Shares of the reports that reject, that pass with care, and in which each gate is poor."""
    every = list(reports)
    found = {
        "rejected": np.mean([not report.passed for report in every]),
        "usable with care": np.mean([report.with_care for report in every]),
    }
    for place, metric in enumerate(GATES):
        found[metric] = np.mean([report.gates[place].light is Light.POOR for report in every])
    return {name: round(float(share), 3) for name, share in found.items()}


@click.command()
@click.option("--draws", default=20, show_default=True, help="Draws of each spoilt set.")
@click.option("--good", "good_draws", default=100, show_default=True, help="Draws of good sets.")
@click.option("--json", "target", type=click.Path(path_type=Path), help="Write the results here.")
def main(draws: int, good_draws: int, target: Path | None) -> None:
    """Print the shares of draws; a gate is named if it is poor in any."""
    results = {}
    with threadpool_limits(1):
        sets = {
            "fresh units": good(good_draws),
            "our sets": ours(good_draws),
            **{way: spoilt(way, draws) for way in WAYS},
            "units that differ together, as known": of_differing_units(draws, together=True),
            "unit effects independent, unlike known": of_differing_units(draws, together=False),
        }
        for name, reports in sets.items():
            results[name] = shares(reports)
            fired = {gate: share for gate, share in results[name].items() if share}
            click.echo(f"{name}: {fired}")
            if target is not None:
                target.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
