"""The model of whole lives: how long units live, how they degrade, and how they differ.

It learns in milliseconds, so that it can be learnt again without some of the known units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from errors import StageError
from GAN.datasets.real_units import RealUnits
from GAN.datasets.regimes import Regimes, find_regimes
from GAN.datasets.run_to_failure import life_fraction
from GAN.profiles.profile import MachineProfile
from GAN.simulation.lifetime_distribution import LifetimeDistribution
from GAN.synthesis.trajectories import DegradationTrajectories, Drawn, Matrix
from GAN.synthesis.trajectory_fitting import fit_trajectories
from GAN.synthesis.unit_effects import UnitEffects, sensors_with_unit_effects
from GAN.tvae.column_fitting import describe
from GAN.tvae.columns import Numbers

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class LifeModel:
    """What new lives are drawn from.

    Attributes:
        columns: Scale and possible values of each sensor, as if all rows were of one regime.
        trajectories: How units degrade from new to failed.
        unit_effect_sensors: Sensors whose unit effects were removed before; see
            `GAN.synthesis.unit_effects`.
        lifetimes: What the real units of the seed have lived; None if all are simulated, and in
            models of version 0.1: then lives follow the profile.
        regimes: The operating regimes; none for most machines.
        possible: Limits of each sensor in its own units, where there are regimes.
        rising: Sensors that never fall within a life, such as counters.
        falling: Sensors that never rise within a life.
    """

    columns: tuple[Numbers, ...]
    trajectories: DegradationTrajectories
    unit_effect_sensors: tuple[str, ...]
    lifetimes: LifetimeDistribution | None = None
    regimes: Regimes | None = None
    possible: tuple[Numbers, ...] = ()
    rising: tuple[str, ...] = ()
    falling: tuple[str, ...] = ()

    @classmethod
    def fit(
        cls,
        seed: pd.DataFrame,
        nominal: pd.DataFrame,
        columns: Sequence[Numbers],
        profile: MachineProfile,
        real: RealUnits | None,
    ) -> Self:
        """Learn from a seed.

        Args:
            seed: A seed data set of this profile.
            nominal: Its `nominal_readings`.
            columns: The sensors, described for these.
            profile: The machine.
            real: Its real units; None if all are simulated.
        """
        names = [column.name for column in columns]
        regimes, _ = find_regimes(seed, profile)
        rows, possible = Drawn.of_one_regime(nominal[names].to_numpy()), tuple[Numbers, ...]()
        if regimes.settings:
            possible = tuple(columns)
            within = nominal_readings(regimes.within_nearest(seed, names), profile, real)[names]
            columns = _described(within, dict.fromkeys(names, (-np.inf, np.inf)))
            read = seed[names].to_numpy(np.float64)
            places = regimes.nearest(read).astype(np.int8)
            rows = Drawn(within.to_numpy(), places, read[:, regimes.settings])
        trajectories = fit_trajectories(
            columns,
            rows,
            nominal["life_fraction"].to_numpy(),
            seed["unit_id"].to_numpy(),
            nominal["failure_mode"].to_numpy(),
            (seed["cycle_hour"] + seed["rul_hours"]).to_numpy(),
        )
        return cls(
            tuple(columns),
            trajectories,
            sensors_with_unit_effects(seed, profile, real),
            real and LifetimeDistribution.of_units(*real.lived(), profile.life),
            regimes if regimes.settings else None,
            possible,
            *_counters(seed, names),
        )

    def counted(self, lives: pd.DataFrame) -> pd.DataFrame:
        """The lives, counters of which go one way only."""
        units = lives["unit_id"]
        ways = [(self.rising, "cummax"), (self.falling, "cummin")]
        return lives.assign(
            **{name: lives.groupby(units)[name].agg(way) for names, way in ways for name in names}
        )

    def in_regimes(self, rows: Drawn) -> Matrix:
        """Readings of rows in their regimes, shape (rows, sensors)."""
        if self.regimes is None:
            return rows.readings
        readings = self.regimes.restored(rows.readings, rows.regimes)
        readings = np.column_stack(
            [column.possible(readings[:, n]) for n, column in enumerate(self.possible)]
        )
        readings[:, self.regimes.settings] = rows.settings
        return readings


def learn_lives(seed: pd.DataFrame, profile: MachineProfile, real: RealUnits | None) -> LifeModel:
    """Learn the lives alone, without a model of rows.

    Args:
        seed: A seed data set of this profile.
        profile: The machine.
        real: Its real units; None if all are simulated.
    """
    names = [sensor.name for sensor in profile.sensors]
    nominal = nominal_readings(seed, profile, real)
    columns = _described(nominal[names], physical_limits(profile))
    return LifeModel.fit(seed, nominal, columns, profile, real)


def _counters(seed: pd.DataFrame, names: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Sensors that rise, and that fall, in some rows and never do the opposite within a life."""
    steps = seed.groupby("unit_id")[names].diff()
    least, most = steps.min(), steps.max()
    rising = tuple(name for name in names if least[name] >= 0.0 < most[name])
    return rising, tuple(name for name in names if most[name] <= 0.0 > least[name])


def _described(
    readings: pd.DataFrame, limits: Mapping[str, tuple[float, float]]
) -> tuple[Numbers, ...]:
    described = describe(readings, limits, np.random.default_rng(0))
    return tuple(column for column in described if isinstance(column, Numbers))


def feature_names(profile: MachineProfile) -> list[str]:
    """Columns that a model of rows learns, in order."""
    return ["life_fraction", "failure_mode", *(sensor.name for sensor in profile.sensors)]


def nominal_readings(
    seed: pd.DataFrame, profile: MachineProfile, real: RealUnits | None = None
) -> pd.DataFrame:
    """A seed data set with the readings of nominal units, which a model of rows is trained on.

    Args:
        seed: A seed data set of this profile.
        profile: Names the sensors.
        real: Its real units; None if all are simulated.

    Returns:
        Columns life_fraction (0 to 1), failure_mode and the sensors; one row per seed row.

    Raises:
        StageError: The seed data set was made from another profile.
    """
    missing = [sensor.name for sensor in profile.sensors if sensor.name not in seed]
    if missing:
        raise StageError(
            f"the seed data of {profile.machine_id} lacks {', '.join(missing)}: "
            "make it again from this profile"
        )
    nominal = UnitEffects(profile, sensors_with_unit_effects(seed, profile, real)).nominal(seed)
    return nominal.assign(life_fraction=life_fraction(seed))[feature_names(profile)]


def physical_limits(profile: MachineProfile) -> dict[str, tuple[float, float]]:
    """Smallest and largest possible reading of each sensor."""
    return {
        sensor.name: (sensor.physical_limits.min, sensor.physical_limits.max)
        for sensor in profile.sensors
    }
