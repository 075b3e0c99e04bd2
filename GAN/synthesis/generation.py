"""Synthetic run-to-failure sets: lives are planned first, then filled with readings.

The plan gives every row its unit, time, RUL and failure mode. The model gives the readings of a
nominal unit at that stage of life; then each unit gets its own onset and unit effects.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from errors import InvalidInput, Problem, StageError
from GAN.config.limits import MAX_SET_ROWS, MIN_SET_ROWS, check_count
from GAN.datasets.run_to_failure import life_fraction
from GAN.layout import SPLITS
from GAN.profiles.profile import FailureMode, MachineProfile
from GAN.progress import Progress
from GAN.simulation.lifetime_distribution import LifetimeDistribution
from GAN.simulation.lifetimes import Lives, plan_lives_at_step, rows_per_life, timeline
from GAN.simulation.physics import generator
from GAN.synthesis.life_model import LifeModel
from GAN.synthesis.trajectories import Drawn, Life
from GAN.synthesis.unit_effects import UnitEffects

if TYPE_CHECKING:
    import pandas as pd

#: Lives of the smallest set, unless the profile gives the number of a seed's lives. With the seed's
#: own time step, sets of the default sizes hold more.
FEWEST_LIVES = 4
#: A larger time step must leave at least this many rows per life.
FEWEST_ROWS_PER_LIFE = 50


def generate(
    model: LifeModel,
    profile: MachineProfile,
    samples: Mapping[str, int],
    time_step_hours: float,
    seed: int,
    progress: Progress,
) -> dict[str, pd.DataFrame]:
    """Generate synthetic sets of whole lives; no unit is in two sets.

    Args:
        model: The model of this profile's lives.
        profile: The machine.
        samples: Rows of train, val and test, at least two each.
        time_step_hours: Time step of the seed data; see `common_step` for the sets' own.
        seed: Random seed, 0 or greater. The same model, samples and seed give the same data.
        progress: Receives progress, and failure modes that the model was not trained on.

    Returns:
        The sets by name, with the columns of the seed data and exactly the given numbers of rows.
        Unit ids continue from set to set. RUL falls by exactly one time step per row, to exactly 0.

    Raises:
        InvalidInput: A number of rows or `seed` is out of range.
        StageError: The model was trained on another profile.
    """
    samples = _in_order(samples)
    if {column.name for column in model.columns} != {sensor.name for sensor in profile.sensors}:
        raise StageError(
            f"the model of {profile.machine_id} was trained on another profile: train it again"
        )
    rng = generator(profile, seed)
    known = {mode.name for mode in _known_modes(model, profile)}
    if absent := [mode.name for mode in profile.failure_modes if mode.name not in known]:
        progress(0, f"left out, as no life in the seed data ends by them: {', '.join(absent)}")
    step = common_step(profile, _lifetimes(model, profile), samples, time_step_hours)
    tables = _plan(model, profile, samples, step, rng)
    units = sum(table["unit_id"].nunique() for table in tables.values())
    progress(10, f"{sum(samples.values()):,} rows for {units} lives")
    sets = _fill(tables, model, profile, rng)
    progress(100, f"{sum(samples.values()):,} rows in {len(sets)} sets")
    return sets


def draw_lives(
    model: LifeModel,
    profile: MachineProfile,
    units: int,
    most_rows: int,
    time_step_hours: float,
    seed: int,
) -> pd.DataFrame:
    """Draw whole lives for one table, in the columns of the seed data.

    Args:
        model: The model of this profile's lives.
        profile: The machine.
        units: About so many lives, fewer if they have more than `most_rows` rows.
        most_rows: Most rows in all.
        time_step_hours: Time step of the rows.
        seed: Random seed, 0 or greater.
    """
    rows = min(most_rows, round(units * rows_per_life(_lifetimes(model, profile), time_step_hours)))
    rng = generator(profile, seed)
    tables = _plan(model, profile, {"": rows}, time_step_hours, rng)
    return _fill(tables, model, profile, rng)[""]


def _known_modes(model: LifeModel, profile: MachineProfile) -> tuple[FailureMode, ...]:
    known = model.trajectories.failure_modes
    return tuple(mode for mode in profile.failure_modes if mode.name in known)


def _lifetimes(model: LifeModel, profile: MachineProfile) -> LifetimeDistribution:
    return model.lifetimes or LifetimeDistribution.of_profile(profile.life)


def _in_order(samples: Mapping[str, int]) -> dict[str, int]:
    """The samples in the order of `SPLITS`, so that the caller's order does not change the data."""
    if set(samples) != set(SPLITS):
        advice = f"give the rows of {', '.join(SPLITS)}"
        raise InvalidInput(
            "settings",
            [Problem("samples", f"the sets are {', '.join(samples) or 'missing'}", advice)],
        )
    for split, rows in samples.items():
        check_count(f"samples.{split}", rows, MIN_SET_ROWS, MAX_SET_ROWS)
    return {split: samples[split] for split in SPLITS}


def common_step(
    profile: MachineProfile,
    lifetimes: LifetimeDistribution,
    samples: Mapping[str, int],
    seed_step_hours: float,
) -> float:
    """Time step of all sets of a generation, hours.

    It is the seed's, doubled until the smallest set holds enough lives, but not so often that
    lives get too few rows.
    """
    step = seed_step_hours
    fewest = min(samples.values())
    wanted = max(profile.rul.cycles_per_dataset or FEWEST_LIVES, len(profile.failure_modes))
    while (
        fewest < wanted * rows_per_life(lifetimes, step)
        and rows_per_life(lifetimes, 2 * step) >= FEWEST_ROWS_PER_LIFE
    ):
        step *= 2
    return step


def _plan(
    model: LifeModel,
    profile: MachineProfile,
    samples: Mapping[str, int],
    step: float,
    rng: np.random.Generator,
) -> dict[str, pd.DataFrame]:
    """Computed columns of each set; unit ids continue from set to set."""
    lifetimes, modes = _lifetimes(model, profile), _known_modes(model, profile)
    tables: dict[str, pd.DataFrame] = {}
    first_unit = 1
    for split, rows in samples.items():
        longest = profile.life.max_rul_hours
        lives: Lives = plan_lives_at_step(lifetimes, longest, rows, step, modes, rng)
        tables[split] = timeline(lives, first_unit)
        first_unit += len(lives.rows)
    return tables


def _fill(
    tables: Mapping[str, pd.DataFrame],
    model: LifeModel,
    profile: MachineProfile,
    rng: np.random.Generator,
) -> dict[str, pd.DataFrame]:
    """Add the readings to every planned row."""
    import pandas as pd

    plan = pd.concat(tables.values(), ignore_index=True)
    sensors = [sensor.name for sensor in profile.sensors]
    order, parts = [], []
    for mode, rows in plan.groupby("failure_mode").indices.items():
        onset = profile.life.rul_noise_std_hours if model.lifetimes is None else 0.0
        lives = [_life(life, onset, rng) for _, life in plan.iloc[rows].groupby("unit_id")]
        order.append(rows)
        parts.append(model.trajectories.drawn(model.columns, str(mode), lives, rng))
    place = np.argsort(np.concatenate(order))
    drawn = Drawn(*(np.concatenate(part)[place] for part in zip(*parts, strict=True)))
    readings = UnitEffects(profile, model.unit_effect_sensors).added(drawn.readings, plan, rng)
    plan[sensors] = model.in_regimes(drawn._replace(readings=readings))
    plan = model.counted(plan)
    ends = np.cumsum([len(table) for table in tables.values()])
    return {
        split: plan.iloc[end - len(table) : end].reset_index(drop=True)
        for (split, table), end in zip(tables.items(), ends, strict=True)
    }


def _life(rows: pd.DataFrame, onset_deviation: float, rng: np.random.Generator) -> Life:
    """A planned life; its onset deviates by `onset_deviation` hours (standard deviation)."""
    fraction = life_fraction(rows).to_numpy()
    hours = float(rows["rul_hours"].iloc[0])
    shift = rng.normal(0.0, onset_deviation) / hours
    return Life(fraction - shift * (1.0 - fraction), hours, rows["cycle_hour"].to_numpy())
