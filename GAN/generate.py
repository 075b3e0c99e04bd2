"""Synthetic run-to-failure sets: planned lives filled with rows that the TVAE makes.

The plan gives every row its unit, time, RUL and failure mode. The model only gives readings: each
planned row gets those of a sampled row of the same failure mode at the same point of life. The
model knows rows, not units, so a synthetic life has the seed's trend and spread but neither a level
of its own nor the seed's correlation from row to row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from errors import InvalidInput, Problem, StageError
from GAN.config.tvae_config import check_count
from GAN.files import SPLITS
from GAN.lives import (
    TICKS_PER_HOUR,
    Lives,
    life_fraction,
    plan_lives_at_step,
    rows_per_life,
    timeline,
)
from GAN.profile import FailureMode, MachineProfile
from GAN.progress import Progress
from GAN.seed import generator, units_per_seed
from GAN.tvae import TABLE, feature_names

if TYPE_CHECKING:
    import pandas as pd

MAX_SAMPLES = 1_000_000

#: Rows sampled for each row needed, so that a row near the right point of life is at hand.
SURPLUS = 1.5
#: Rows sampled at once.
BATCH = 50_000
#: No more rows than this for each row needed are sampled for the sake of a scarce failure mode.
MOST_SURPLUS = 6.0

#: Lives are not cut into fewer rows than this to make room for every failure mode.
FEWEST_ROWS_PER_LIFE = 50


def generate(
    synthesizer: Any,
    profile: MachineProfile,
    samples: Mapping[str, int],
    time_step_hours: float,
    seed: int,
    progress: Progress,
) -> dict[str, pd.DataFrame]:
    """Synthetic sets of whole lives, no unit in two of them.

    Args:
        synthesizer: A fitted TVAE of this profile.
        profile: The machine.
        samples: Rows of train, val and test, at least two each.
        time_step_hours: Time step of the seed data; see `common_step` for the sets' own.
        seed: Any whole number from 0; same model, samples and seed, same data.
        progress: Told what is done, and which failure modes are missing or scarce in the model.

    Returns:
        The sets by name, with the columns of the seed data; unit ids go on from set to set.
        Exactly the rows asked for; RUL falls by exactly one time step a row, to exactly 0.

    Raises:
        InvalidInput: A number of rows or `seed` is out of range.
        StageError: The model was trained on another profile.
    """
    samples = _in_order(samples)
    rng = generator(profile, seed)
    pool = _Pool(synthesizer, profile, int(rng.integers(2**31)))
    needed = sum(samples.values())
    progress(0, f"sampling {int(SURPLUS * needed):,} rows")
    pool.draw(int(SURPLUS * needed))
    modes = _made_modes(profile, pool, progress)
    step = common_step(profile, samples, time_step_hours)
    tables = _plan(profile, samples, step, modes, rng)
    progress(50, f"filling {sum(table['unit_id'].nunique() for table in tables.values())} lives")
    return _fill(tables, profile, pool, progress)


def _in_order(samples: Mapping[str, int]) -> dict[str, int]:
    """The same numbers in the order of `SPLITS`, so that the caller's order changes no data."""
    if set(samples) != set(SPLITS):
        advice = f"give the rows of {', '.join(SPLITS)}"
        raise InvalidInput(
            "settings", [Problem("samples", f"it names {', '.join(samples) or 'no set'}", advice)]
        )
    for split, rows in samples.items():
        check_count(f"samples.{split}", rows, 2, MAX_SAMPLES)
    return {split: samples[split] for split in SPLITS}


def time_step_of(frame: pd.DataFrame) -> float:
    """Hours from row to row in a data set, a multiple of 1/4096 h.

    Real data may be uneven: it is the median step of the first unit.
    """
    first = frame["cycle_hour"].to_numpy()[frame["unit_id"].to_numpy() == frame["unit_id"].iloc[0]]
    return max(1, round(float(np.median(np.diff(first))) * TICKS_PER_HOUR)) / TICKS_PER_HOUR


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


class _Pool:
    """Rows sampled from the model so far, by failure mode, each in order of life fraction."""

    def __init__(self, synthesizer: Any, profile: MachineProfile, seed: int) -> None:
        self._synthesizer = synthesizer
        self._profile = profile
        self._rows: dict[str, pd.DataFrame] = {}
        self.drawn = 0
        # SDV restarts from the same fixed random state after every load.
        synthesizer.reset_sampling()
        synthesizer._set_random_state(seed)

    def draw(self, rows: int) -> None:
        """Sample more rows.

        Raises:
            StageError: The model gives other columns than the profile asks for.
        """
        import pandas as pd

        batches = [self._rows[mode] for mode in sorted(self._rows)]
        while rows > 0:
            batches.append(self._sample(min(rows, BATCH)))
            rows -= BATCH
        every = pd.concat(batches).sort_values("life_fraction", kind="stable", ignore_index=True)
        self._rows = {str(mode): rows for mode, rows in every.groupby("failure_mode")}

    def _sample(self, rows: int) -> pd.DataFrame:
        self.drawn += rows
        batch: pd.DataFrame = self._synthesizer.sample(rows)[TABLE]
        if set(batch) != set(feature_names(self._profile)):
            raise StageError(
                f"the model of {self._profile.machine_id} was trained on another profile: "
                "train it again"
            )
        return batch

    def count(self, mode: str) -> int:
        """Rows of a failure mode."""
        return len(self._rows.get(mode, ()))

    def of(self, mode: str) -> pd.DataFrame:
        """The rows of a failure mode in order of life fraction."""
        return self._rows[mode]


def _made_modes(
    profile: MachineProfile, pool: _Pool, progress: Progress
) -> tuple[FailureMode, ...]:
    """The failure modes that the model makes at all."""
    made = tuple(mode for mode in profile.failure_modes if pool.count(mode.name))
    absent = [mode.name for mode in profile.failure_modes if mode not in made]
    if absent:
        progress(40, f"left out, the model never makes it: {', '.join(absent)}")
    return made


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
    profile: MachineProfile,
    pool: _Pool,
    progress: Progress,
) -> dict[str, pd.DataFrame]:
    """Give every planned row readings from the pool."""
    import pandas as pd

    plan = pd.concat(tables.values(), ignore_index=True)
    plan["life_fraction"] = life_fraction(plan)
    sensors = [sensor.name for sensor in profile.sensors]
    readings = np.empty((len(plan), len(sensors)))
    for mode, slots in plan.groupby("failure_mode"):
        _top_up(pool, str(mode), len(slots), len(plan), progress)
        rows = pool.of(str(mode))
        order = slots["life_fraction"].sort_values(kind="stable")
        chosen = match(order.to_numpy(), rows["life_fraction"].to_numpy())
        readings[order.index] = rows[sensors].to_numpy()[chosen]
    limits = [sensor.physical_limits for sensor in profile.sensors]
    plan[sensors] = np.clip(readings, [at.min for at in limits], [at.max for at in limits])
    progress(100, f"{len(plan):,} rows in {len(tables)} sets")
    ends = np.cumsum([len(table) for table in tables.values()])
    return {
        split: plan.iloc[end - len(table) : end]
        .drop(columns="life_fraction")
        .reset_index(drop=True)
        for (split, table), end in zip(tables.items(), ends, strict=True)
    }


def _top_up(pool: _Pool, mode: str, needed: int, planned: int, progress: Progress) -> None:
    """Sample until a failure mode has a row for each of its slots, within a limit."""
    while pool.count(mode) < needed and pool.drawn < MOST_SURPLUS * planned:
        pool.draw(planned)
    if (count := pool.count(mode)) < needed:
        progress(75, f"scarce in the model, rows repeat: {mode}, {count:,} for {needed:,}")


def match(slots: NDArray[np.float64], rows: NDArray[np.float64]) -> NDArray[np.intp]:
    """Which row each slot gets, so that life fractions agree and no row is used twice.

    Args:
        slots: Life fraction of the slots, ascending, shape (n,).
        rows: Life fraction of the rows, ascending, shape (m,).

    Returns:
        Index of a row for each slot, shape (n,), in ascending order. With fewer rows than slots,
        rows repeat evenly.
    """
    rank = np.arange(len(slots))
    if len(rows) < len(slots):
        return rank * len(rows) // len(slots)
    nearest = np.searchsorted(rows, slots)
    # Each slot takes the first row that is far enough into life and not taken yet. Counted from
    # the slot's rank, "not taken yet" means "not falling", and the surplus is the most there is.
    skipped = np.clip(np.maximum.accumulate(nearest - rank), 0, len(rows) - len(slots))
    return np.asarray(rank + skipped)
