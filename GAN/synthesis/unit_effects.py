"""Unit effects: what makes one unit's readings differ from another's, taken out and put back.

Two units of the same kind read differently when new and alike when they have failed. The *unit
effect* of a sensor is the difference between what a unit reads when healthy and the middle of the
sensor's normal band. A model of single rows cannot know which unit a row belongs to, so it learns
the readings of a *nominal* unit, whose effects are all 0; each synthetic unit then gets effects of
its own. An effect fades as damage grows, at the rate that the profile expects.

A sensor that counts, rests at an end of its scale or reads in coarse steps is left as it is:
subtracting a fraction from a whole number leaves none. How units differ in it is learnt from the
seed alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from GAN.datasets.real_units import RealUnits
from GAN.datasets.run_to_failure import life_fraction
from GAN.profiles.profile import MachineProfile
from GAN.reflection import reflect
from GAN.simulation.drivers import movement, own_bands
from GAN.simulation.lifetime_distribution import draw_lives
from GAN.simulation.physics import damage, generator

if TYPE_CHECKING:
    import pandas as pd

Readings = NDArray[np.float64]

#: Life fractions at which the expected damage is computed, and lives that are averaged for it.
GRID = np.linspace(0.0, 1.0, 201)
LIVES = 40
#: A row is used to estimate its unit's effects while at least this share of them is left.
MOSTLY_LEFT = 0.7

#: Fewest units that show how units differ.
FEWEST_UNITS = 3

#: A value is common if a larger share of the rows has it, and more than one unit; a sensor repeats
#: itself if a larger share of the rows has common values.
COMMON, REPEATING = 0.001, 0.05


def sensors_with_unit_effects(
    seed: pd.DataFrame, profile: MachineProfile, real: RealUnits | None = None
) -> tuple[str, ...]:
    """Sensors whose unit effects are taken out and put back: those with continuous readings.

    None are where enough real units show how units differ: then the trajectories learn the
    differences in all sensors together.

    Args:
        seed: The seed data.
        profile: Names the sensors.
        real: Its real units; None if all are simulated.
    """
    if real is not None and real.lives["unit_id"].nunique() >= FEWEST_UNITS:
        return ()
    names = [sensor.name for sensor in profile.sensors]
    return tuple(name for name in names if not _whole_or_repeating(seed[name], seed["unit_id"]))


def _whole_or_repeating(readings: pd.Series[float], units: pd.Series[int]) -> bool:
    if (readings == readings.round()).all():
        return True
    shares = readings.value_counts(normalize=True)
    if shares.iloc[0] <= COMMON:
        return False
    common = readings.isin(shares.index[shares > COMMON])
    has_it = units[common].groupby(readings[common])
    # A value that one unit alone repeats is that unit's healthy reading.
    spread = has_it.nunique() > 1 if units.nunique() > 1 else has_it.size() > 1
    return bool(has_it.size()[spread].sum() > REPEATING * len(readings))


class UnitEffects:
    """Removes unit effects from readings, and adds new ones.

    Args:
        profile: The machine.
        affected: Names of the sensors that have unit effects; the others are left as they are.
    """

    def __init__(self, profile: MachineProfile, affected: Collection[str]) -> None:
        self._profile = profile
        self._sensors = profile.sensors
        self._limits = [sensor.physical_limits for sensor in profile.sensors]
        self._bands = np.array([(s.normal.min, s.normal.max) for s in profile.sensors])
        self._failures = np.array([s.failure or 0.0 for s in profile.sensors])
        self._damage = _expected_damage(profile)
        self._affected = np.array([sensor.name in affected for sensor in profile.sensors])

    def nominal(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Remove the unit effects from readings.

        Args:
            frame: Whole lives, with the columns of a seed data set.

        Returns:
            The same columns, the sensors as a nominal unit would read them.
        """
        names = [sensor.name for sensor in self._sensors]
        left = self._left(frame)
        unit, effects = self._estimated(frame, left)
        nominal = frame[names].to_numpy() - effects[unit] * left
        return frame.assign(**dict(zip(names, nominal.T, strict=True)))

    def added(self, nominal: Readings, plan: pd.DataFrame, rng: np.random.Generator) -> Readings:
        """Add newly drawn unit effects to nominal readings; none leaves its sensor's limits.

        Args:
            nominal: Readings of a nominal unit, shape (rows, sensors).
            plan: Unit, time, RUL and failure mode of each row.
            rng: Draws healthy readings as in the physics seed: a level of the unit's own, and what
                load, season and other sensors add to it on average.

        Returns:
            Shape (rows, sensors).
        """
        _, unit = np.unique(plan["unit_id"], return_inverse=True)
        low, high = own_bands(self._profile).T
        levels = rng.uniform(low, high, (unit.max() + 1, len(low)))
        if self._profile.drivers is not None:
            for number, (_, hours) in enumerate(plan.groupby("unit_id")["cycle_hour"]):
                silent = np.zeros((len(hours), len(low)))
                moved = movement(self._profile, hours.to_numpy(), levels[number], silent, rng)
                levels[number] += moved.mean(axis=0)
        effects = levels - self._middles
        readings = nominal + effects[unit] * self._left(plan)
        return np.column_stack(
            [
                reflect(column, limits.min, limits.max)
                for column, limits in zip(readings.T, self._limits, strict=True)
            ]
        )

    @property
    def _middles(self) -> Readings:
        middles: Readings = self._bands.mean(axis=1)
        return middles

    def _left(self, frame: pd.DataFrame) -> Readings:
        """Share of the unit effect that is left in each row, shape (rows, sensors)."""
        fraction = life_fraction(frame).to_numpy()
        left = np.empty((len(frame), len(self._sensors)))
        for mode, rows in frame.groupby("failure_mode").indices.items():
            for index, expected in enumerate(self._damage[str(mode)].T):
                left[rows, index] = 1.0 - np.interp(fraction[rows], GRID, expected)
        left[:, ~self._affected] = 0.0
        return left

    def _estimated(self, frame: pd.DataFrame, left: Readings) -> tuple[Any, Readings]:
        """Index of each row's unit, shape (rows,), and unit effects, shape (units, sensors)."""
        readings = frame[[sensor.name for sensor in self._sensors]].to_numpy()
        ids, unit = np.unique(frame["unit_id"], return_inverse=True)
        seen = (readings - self._failures * (1.0 - left)) / np.maximum(left, MOSTLY_LEFT)
        weight = np.where(left >= MOSTLY_LEFT, left, 0.0) ** 2
        total = np.zeros((len(ids), len(self._sensors)))
        weights = total.copy()
        np.add.at(total, unit, weight * seen)
        np.add.at(weights, unit, weight)
        healthy = np.where(weights > 0.0, total / np.maximum(weights, 1e-12), self._middles)
        return unit, np.clip(healthy, *self._bands.T) - self._middles


@lru_cache(maxsize=32)  # Each stage of a machine needs it, some twice.
def _expected_damage(profile: MachineProfile) -> Mapping[str, Readings]:
    """Mean damage of each failure mode on the grid, shape (len(GRID), sensors)."""
    rng = generator(profile, 0)
    hours = draw_lives(profile.life, LIVES, rng)
    return {
        mode.name: np.mean([damage(profile, GRID, life, mode.name, rng) for life in hours], axis=0)
        for mode in profile.failure_modes
    }
