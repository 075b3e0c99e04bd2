"""Synthetic run-to-failure sets: planned lives, each with the readings that its unit would have.

The plan gives every row its unit, time, RUL and failure mode. The model gives what a nominal unit
reads at this point of life; the unit adds its own onset and its own levels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from errors import InvalidInput, Problem, StageError
from GAN.config.limits import MAX_SET_ROWS, MIN_SET_ROWS, check_count
from GAN.datasets.run_to_failure import life_fraction
from GAN.layout import SPLITS
from GAN.profiles.profile import FailureMode, MachineProfile
from GAN.progress import Progress
from GAN.simulation.lifetimes import Lives, plan_lives_at_step, rows_per_life, timeline
from GAN.simulation.physics import generator, units_per_seed
from GAN.synthesis.machine_model import MachineModel, feature_names
from GAN.synthesis.unit_effects import UnitEffects

if TYPE_CHECKING:
    import pandas as pd

#: Lives are not cut into fewer rows than this to make room for every failure mode.
FEWEST_ROWS_PER_LIFE = 50


def generate(
    model: MachineModel,
    profile: MachineProfile,
    samples: Mapping[str, int],
    time_step_hours: float,
    seed: int,
    progress: Progress,
) -> dict[str, pd.DataFrame]:
    """Synthetic sets of whole lives, no unit in two of them.

    Args:
        model: A trained model of this profile.
        profile: The machine.
        samples: Rows of train, val and test, at least two each.
        time_step_hours: Time step of the seed data; see `common_step` for the sets' own.
        seed: Any whole number from 0; same model, samples and seed, same data.
        progress: Told what is done, and which failure modes the model has never seen.

    Returns:
        The sets by name, with the columns of the seed data; unit ids go on from set to set.
        Exactly the rows asked for; RUL falls by exactly one time step a row, to exactly 0.

    Raises:
        InvalidInput: A number of rows or `seed` is out of range.
        StageError: The model was trained on another profile.
    """
    samples = _in_order(samples)
    if set(model.features) != set(feature_names(profile)):
        raise StageError(
            f"the model of {profile.machine_id} was trained on another profile: train it again"
        )
    rng = generator(profile, seed)
    modes = tuple(
        mode for mode in profile.failure_modes if mode.name in model.trajectories.failure_modes
    )
    if absent := [mode.name for mode in profile.failure_modes if mode not in modes]:
        progress(0, f"left out, the seed data has no life of it: {', '.join(absent)}")
    step = common_step(profile, samples, time_step_hours)
    tables = _plan(profile, samples, step, modes, rng)
    units = sum(table["unit_id"].nunique() for table in tables.values())
    progress(10, f"{sum(samples.values()):,} rows for {units} lives")
    sets = _fill(tables, model, profile, rng)
    progress(100, f"{sum(samples.values()):,} rows in {len(sets)} sets")
    return sets


def _in_order(samples: Mapping[str, int]) -> dict[str, int]:
    """The same numbers in the order of `SPLITS`, so that the caller's order changes no data."""
    if set(samples) != set(SPLITS):
        advice = f"give the rows of {', '.join(SPLITS)}"
        raise InvalidInput(
            "settings", [Problem("samples", f"it names {', '.join(samples) or 'no set'}", advice)]
        )
    for split, rows in samples.items():
        check_count(f"samples.{split}", rows, MIN_SET_ROWS, MAX_SET_ROWS)
    return {split: samples[split] for split in SPLITS}


def common_step(
    profile: MachineProfile, samples: Mapping[str, int], seed_step_hours: float
) -> float:
    """Time step of all sets of a generation, hours.

    It is the seed's, doubled as often as it takes for the smallest set to hold as many lives as a
    seed data set does, unless its lives would get too few rows.
    """
    step = seed_step_hours
    fewest = min(samples.values())
    while (
        fewest < units_per_seed(profile) * rows_per_life(profile.life, step)
        and rows_per_life(profile.life, 2 * step) >= FEWEST_ROWS_PER_LIFE
    ):
        step *= 2
    return step


def _plan(
    profile: MachineProfile,
    samples: Mapping[str, int],
    step: float,
    modes: tuple[FailureMode, ...],
    rng: np.random.Generator,
) -> dict[str, pd.DataFrame]:
    """Computed columns of each set; unit ids go on from one set to the next."""
    tables: dict[str, pd.DataFrame] = {}
    first_unit = 1
    for split, rows in samples.items():
        lives: Lives = plan_lives_at_step(profile, rows, step, modes, rng)
        tables[split] = timeline(lives, first_unit)
        first_unit += len(lives.rows)
    return tables


def _fill(
    tables: Mapping[str, pd.DataFrame],
    model: MachineModel,
    profile: MachineProfile,
    rng: np.random.Generator,
) -> dict[str, pd.DataFrame]:
    """Give every planned row the readings of its unit."""
    import pandas as pd

    plan = pd.concat(tables.values(), ignore_index=True)
    sensors = [sensor.name for sensor in profile.sensors]
    nominal = np.empty((len(plan), len(sensors)))
    for mode, rows in plan.groupby("failure_mode").indices.items():
        places = [_places(life, profile, rng) for _, life in plan.iloc[rows].groupby("unit_id")]
        nominal[rows] = model.trajectories.readings(model.table, str(mode), places, rng)
    plan[sensors] = UnitEffects(profile, model.unit_effect_sensors).added(nominal, plan, rng)
    ends = np.cumsum([len(table) for table in tables.values()])
    return {
        split: plan.iloc[end - len(table) : end].reset_index(drop=True)
        for (split, table), end in zip(tables.items(), ends, strict=True)
    }


def _places(
    life: pd.DataFrame, profile: MachineProfile, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Where on the trajectory of its failure mode a unit is, shape (rows,).

    Its onset is its own, by as much as `rul_noise_std_hours` says.
    """
    fraction = life_fraction(life).to_numpy()
    shift = rng.normal(0.0, profile.life.rul_noise_std_hours) / life["rul_hours"].iloc[0]
    return np.asarray(fraction - shift * (1.0 - fraction))
