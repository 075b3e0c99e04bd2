"""Good and spoilt sets, and what `assess` reports on them.

Fresh units of one machine are spoilt and judged against a simulated seed. Simulated units do not
differ in several sensors together and have no operating regimes. Laws that do are judged as real
units are: a few are known, and fresh ones of the same law are good sets.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import pandas as pd

from benchmarks.gan.copying import Sets
from benchmarks.gan.spoiling import WAYS
from benchmarks.worth.draws import Known
from benchmarks.worth.law import law
from benchmarks.worth.lives import sensors_of
from GAN.config.tvae_config import DEFAULT_ROWS, DEFAULT_SAMPLES
from GAN.datasets.real_units import RealUnits
from GAN.datasets.run_to_failure import time_step_of
from GAN.evaluation.assessment import assess
from GAN.evaluation.quality_report import QualityReport
from GAN.profiles.catalogue import fleet_ids, fleet_profile
from GAN.profiles.profile import MachineProfile
from GAN.progress import silent
from GAN.simulation.physics import generator, physics_seed, simulated_units, units_at_step
from GAN.synthesis.generation import generate
from GAN.synthesis.life_model import learn_lives

SPOILT = "motor_siemens_1la7_001"
#: Lives of good sets: about as many as sets of the default size have.
LIVES = {"train": 105, "val": 22, "test": 22}
#: Known units of a law.
KNOWN = 12
#: Random seeds of good sets, which no seed has.
FIRST = 1_000


def good(draws: int) -> Iterator[QualityReport]:
    """Reports on fresh units, machine after machine of the fleet."""
    for draw in range(draws):
        profile, number = _machine(draw)
        seed = physics_seed(profile, DEFAULT_ROWS, number)
        yield assess(seed, _fresh_sets(profile, time_step_of(seed), number), profile)


def ours(draws: int) -> Iterator[QualityReport]:
    """Reports on what our model generates."""
    for draw in range(draws):
        profile, number = _machine(draw)
        seed = physics_seed(profile, DEFAULT_ROWS, number)
        model = learn_lives(seed, profile, None)
        step = time_step_of(seed)
        sets = generate(model, profile, DEFAULT_SAMPLES, step, number, silent)
        yield assess(seed, sets, profile)


def spoilt(way: str, draws: int) -> Iterator[QualityReport]:
    """Reports on fresh units that were spoilt in one way."""
    profile = fleet_profile(SPOILT)
    for draw in range(draws):
        seed, sets = _seed_and_good(draw)
        yield assess(seed, WAYS[way](sets, seed, profile, np.random.default_rng(draw)), profile)


@lru_cache(maxsize=1)  # All ways spoil the same good sets.
def _seed_and_good(draw: int) -> tuple[pd.DataFrame, Sets]:
    profile = fleet_profile(SPOILT)
    seed = physics_seed(profile, DEFAULT_ROWS, draw)
    return seed, _fresh_sets(profile, time_step_of(seed), draw)


def _machine(draw: int) -> tuple[MachineProfile, int]:
    names = fleet_ids()
    return fleet_profile(names[draw % len(names)]), draw // len(names)


def _fresh_sets(profile: MachineProfile, step: float, draw: int) -> Sets:
    """Sets of fresh units with this time step, hours."""
    rng = generator(profile, FIRST + draw)
    return _sets(units_at_step(profile, sum(LIVES.values()), step, rng))


def _sets(lives: pd.DataFrame) -> Sets:
    last = np.cumsum(list(LIVES.values()))
    return {
        split: lives[lives["unit_id"].between(end - count + 1, end)].reset_index(drop=True)
        for (split, count), end in zip(LIVES.items(), last, strict=True)
    }


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
        made = _fresh_sets(profile, time_step_of(known), draw)
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
    changed = {
        sensor.name: lives[sensor.name] + column * (sensor.normal.max - sensor.normal.min)
        for sensor, column in zip(profile.sensors, added.T, strict=True)
    }
    return _within_limits(lives.assign(**changed), profile)


def _within_limits(lives: pd.DataFrame, profile: MachineProfile) -> pd.DataFrame:
    limits = {sensor.name: sensor.physical_limits for sensor in profile.sensors}
    return lives.assign(
        **{name: lives[name].clip(each.min, each.max) for name, each in limits.items()}
    )


def of_regimes(draws: int, *, blurred: bool) -> Iterator[QualityReport]:
    """Reports on units that jump between six operating regimes, as the known units do.

    Args:
        draws: Number of reports.
        blurred: Whether synthetic units are between two regimes in the row where they jump.
    """
    for draw in range(draws):
        known = Known(_in_regimes(KNOWN, draw))
        fresh = _in_regimes(sum(LIVES.values()), FIRST + draw)
        if blurred:
            fresh = _blurred(fresh, known.sensors)
        sets = _sets(_within_limits(fresh, known.profile))
        yield assess(known.lives, sets, known.profile, RealUnits(known.lives, None))


def _in_regimes(units: int, seed: int) -> pd.DataFrame:
    lives = law(units, seed)
    settings = [name for name in sensors_of(lives) if name.startswith("setting")]
    # The law's settings are whole numbers, which would give blurred ones away.
    return lives.assign(**{name: lives[name] / 7 for name in settings})


def _blurred(lives: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    settings = [name for name in names if name.startswith("setting")]
    units, readings = lives["unit_id"].to_numpy(), lives[names].to_numpy()
    jumps = (np.diff(lives[settings].to_numpy(), axis=0) != 0.0).any(axis=1)
    rows = 1 + np.flatnonzero(jumps & (np.diff(units) == 0))
    between = readings.copy()
    between[rows] = (readings[rows - 1] + readings[rows]) / 2
    return lives.assign(**dict(zip(names, between.T, strict=True)))
