"""Simulated seed data: sensor readings of a few units from new to failed."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from errors import InvalidInput, Problem
from GAN.config.limits import (
    MAX_PHYSICS_SHARE,
    MAX_RANDOM_SEED,
    MAX_SEED_ROWS,
    MIN_PHYSICS_SHARE,
    MIN_RANDOM_SEED,
    MIN_SEED_ROWS,
    check_count,
)
from GAN.config.tvae_config import DEFAULT_ROWS
from GAN.datasets.run_to_failure import life_fraction
from GAN.profiles.profile import MachineProfile, Sensor
from GAN.reflection import reflect
from GAN.simulation.degradation import degradation, restored, wear
from GAN.simulation.drivers import movement, own_bands
from GAN.simulation.lifetime_distribution import LifetimeDistribution
from GAN.simulation.lifetimes import (
    Lives,
    plan_lives,
    plan_units_at_step,
    rows_per_life,
    timeline,
)
from GAN.simulation.noise import ar1_noise

if TYPE_CHECKING:
    import pandas as pd

#: Share of the way to its failure value that a sensor moves if another mode ends the unit.
DRIFT = 0.25

#: Random seed of the fresh units, which users are unlikely to choose, and how many there are.
FRESH_SEED = MAX_RANDOM_SEED
FRESH_UNITS = 30

#: Fewest rows of a life of mean length, unless the profile gives the number of lives.
ROWS_PER_LIFE = 300

#: Range of the onset. A unit may be worn at the start (below 0). Some rows of wear remain.
EARLIEST_ONSET, LATEST_ONSET = -0.25, 0.95


def physics_seed(profile: MachineProfile, rows: int = DEFAULT_ROWS, seed: int = 0) -> pd.DataFrame:
    """Simulate run-to-failure data of a machine from its profile.

    Every unit has its own healthy reading of each sensor within the `normal` band and its own shift
    of the onsets. From the onset on, a sensor follows wear and its degradation law: all the way to
    `failure` at RUL 0 if the unit's failure mode names the sensor, `DRIFT` of the way otherwise. An
    AR(1) residual is added, and what the profile's drivers do (`GAN.simulation.drivers`). Readings
    beyond the sensor's limits are reflected.

    Args:
        profile: The machine.
        rows: Rows in all, 1,000 to 100,000.
        seed: Random seed, 0 or greater. The same profile and seed give the same data, bit for bit.

    Returns:
        Columns unit_id (int32, from 1), cycle_hour and rul_hours (float64, hours), failure_mode
        (str), then the sensors in profile order (float64, each in its unit); one row per unit and
        time step.

    Raises:
        InvalidInput: `rows` or `seed` is out of range.
    """
    check_count("rows", rows, MIN_SEED_ROWS, MAX_SEED_ROWS)
    units = units_per_seed(profile, rows)
    return simulated_units(profile, rows, units, generator(profile, seed))


def simulated_units(
    profile: MachineProfile, rows: int, units: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Simulate a number of lives; see `physics_seed`."""
    return _simulated(profile, plan_lives(profile, rows, units, rng), rng)


def units_at_step(
    profile: MachineProfile, units: int, time_step_hours: float, rng: np.random.Generator
) -> pd.DataFrame:
    """Simulate a number of lives at a given time step, a multiple of 1/4096 h."""
    return _simulated(profile, plan_units_at_step(profile, units, time_step_hours, rng), rng)


def _simulated(profile: MachineProfile, planned: Lives, rng: np.random.Generator) -> pd.DataFrame:
    import pandas as pd

    table = timeline(planned)
    lives = [_readings(profile, life, rng) for _, life in table.groupby("unit_id")]
    readings = pd.DataFrame(np.concatenate(lives), columns=[s.name for s in profile.sensors])
    return pd.concat([table, readings], axis=1)


def with_physics(
    real: pd.DataFrame, profile: MachineProfile, share: float, seed: int = 0
) -> pd.DataFrame:
    """Append simulated lives to real run-to-failure data.

    Args:
        real: Columns of a seed; its units are numbered from 1.
        profile: The machine.
        share: Share of all rows that are simulated; see `physics_rows`.
        seed: As in `physics_seed`.

    Returns:
        The same columns; unit ids continue.
    """
    import pandas as pd

    rows = physics_rows(len(real), share)
    if not rows:
        return real
    simulated = physics_seed(profile, rows, seed)
    simulated["unit_id"] += real["unit_id"].iloc[-1]
    return pd.concat([real, simulated], ignore_index=True).astype({"unit_id": np.int32})


def physics_rows(real_rows: int, share: float) -> int:
    """Simulated rows to add to real ones, clipped to the limits of a seed data set.

    Args:
        real_rows: Number of real rows.
        share: Share of all rows that are simulated, 0 to `MAX_PHYSICS_SHARE`.

    Raises:
        InvalidInput: `share` is out of range.
    """
    if not MIN_PHYSICS_SHARE <= share <= MAX_PHYSICS_SHARE:
        advice = f"write a number from {MIN_PHYSICS_SHARE:g} to {MAX_PHYSICS_SHARE:g}"
        problem = Problem("physics_share", f"{share:g} is out of range", advice)
        raise InvalidInput("settings", [problem])
    if not share:
        return 0
    return min(max(round(real_rows * share / (1 - share)), MIN_SEED_ROWS), MAX_SEED_ROWS)


def fresh_units(profile: MachineProfile, time_step_hours: float) -> pd.DataFrame:
    """Simulated units for tests, which no model was trained on.

    Args:
        profile: The machine.
        time_step_hours: The time step of what they are compared with: at another one, days and
            shifts have another number of rows, and classifiers of windows see that.

    Returns:
        The columns of a seed; `FRESH_UNITS` units, fewer where these had more than `MAX_SEED_ROWS`.
    """
    rows = rows_per_life(LifetimeDistribution.of_profile(profile.life), time_step_hours)
    units = max(len(profile.failure_modes), min(FRESH_UNITS, int(MAX_SEED_ROWS / rows)))
    return units_at_step(profile, units, time_step_hours, generator(profile, FRESH_SEED))


def units_per_seed(profile: MachineProfile, rows: int) -> int:
    """Lives in a seed data set of so many rows: at least one for each failure mode.

    The profile's number of lives holds for any number of rows. The default one holds as far as
    lives keep `ROWS_PER_LIFE` rows.
    """
    lives = profile.life.cycles_per_dataset
    if profile.rul.cycles_per_dataset is None:
        lives = min(lives, rows // ROWS_PER_LIFE)
    return max(lives, len(profile.failure_modes))


def generator(profile: MachineProfile, seed: int) -> np.random.Generator:
    """A random generator that depends only on the profile's content and the seed.

    Raises:
        InvalidInput: `seed` is negative or has more than 32 bits.
    """
    check_count("seed", seed, MIN_RANDOM_SEED, MAX_RANDOM_SEED)
    return np.random.default_rng([seed, int(profile.sha256, 16)])


def damage(
    profile: MachineProfile,
    fraction: NDArray[np.floating[Any]],
    life_hours: float,
    failed_by: str,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Damage of the sensors of one unit along its life.

    Args:
        profile: The machine.
        fraction: Fraction of its life, ascending from 0 to 1, shape (rows,).
        life_hours: The unit's life.
        failed_by: Its failure mode.
        rng: Draws the unit's onset and the random laws.

    Returns:
        Shape (rows, sensors): 0 for a healthy reading, 1 at failure.
    """
    shift = _onset_shift(profile, life_hours, rng)
    driven = _driven(profile, failed_by)
    return np.column_stack(
        [
            _path(profile, sensor, fraction, life_hours, shift, driven, rng)
            for sensor in profile.sensors
        ]
    )


def _readings(
    profile: MachineProfile, life: pd.DataFrame, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Readings of one unit, shape (rows of the life, sensors)."""
    fraction, hours = life_fraction(life).to_numpy(), life["cycle_hour"].to_numpy()
    life_hours = float(life["rul_hours"].iloc[0])
    shift = _onset_shift(profile, life_hours, rng)
    driven = _driven(profile, life["failure_mode"].iloc[0])
    own = np.empty(len(profile.sensors))
    paths = np.empty((len(life), len(profile.sensors)))
    noise = np.empty_like(paths)
    for index, (sensor, (low, high)) in enumerate(
        zip(profile.sensors, own_bands(profile), strict=True)
    ):
        own[index] = rng.uniform(low, high)
        paths[:, index] = _path(profile, sensor, fraction, life_hours, shift, driven, rng)
        noise[:, index] = sensor.noise * ar1_noise(len(life), sensor.ar1, rng)
    moved = movement(profile, hours, own, noise, rng)
    # Where a unit has failed, it reads the same as all others but for what moves it just then.
    levels = own + moved.mean(axis=0)
    failures = np.array([np.nan if s.failure is None else s.failure for s in profile.sensors])
    trends = np.where(np.isnan(failures), 0.0, failures - levels) * paths
    readings = own + moved + trends + noise
    return np.column_stack(
        [
            reflect(readings[:, index], limits.min, limits.max)
            for index, sensor in enumerate(profile.sensors)
            for limits in [sensor.physical_limits]
        ]
    )


def _onset_shift(profile: MachineProfile, life_hours: float, rng: np.random.Generator) -> float:
    return rng.normal(0.0, profile.life.rul_noise_std_hours) / life_hours


def _driven(profile: MachineProfile, failed_by: str) -> set[str]:
    return {name for m in profile.failure_modes if m.name == failed_by for name in m.sensors}


def _path(
    profile: MachineProfile,
    sensor: Sensor,
    fraction: NDArray[np.floating[Any]],
    life_hours: float,
    shift: float,
    driven: Collection[str],
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    if sensor.failure is None:
        return np.zeros_like(fraction)
    onset = min(max(sensor.onset + shift, EARLIEST_ONSET), LATEST_ONSET)
    since = np.clip((fraction - onset) / (1.0 - onset), 0.0, 1.0)
    reach = 1.0 if sensor.name in driven else DRIFT
    path = reach * degradation(sensor.law, wear(since, profile.life.degradation_pattern), rng)
    maintenance = profile.drivers and profile.drivers.maintenance
    if maintenance and sensor.name in maintenance.sensors:
        return restored(path, np.asarray(fraction * life_hours, np.float64), maintenance)
    return path
