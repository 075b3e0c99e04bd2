"""Unit effects are removed from readings and added back."""

from __future__ import annotations

import numpy as np
import pandas as pd

from GAN.datasets.run_to_failure import life_fraction
from GAN.profiles.profile import MachineProfile
from GAN.simulation.physics import physics_seed
from GAN.synthesis.unit_effects import UnitEffects, sensors_with_unit_effects
from tests.unit.conftest import RIG
from tests.unit.simulation.driven_rig import with_drivers

NAMES = [sensor["name"] for sensor in RIG["sensors"]]


def spread_of_units(frame: pd.DataFrame, sensor: str, until: float) -> float:
    early = frame[life_fraction(frame) < until]
    return float(early.groupby("unit_id")[sensor].mean().std())


def test_a_nominal_unit_reads_the_middle_of_the_normal_band_when_new(rig: MachineProfile) -> None:
    nominal = UnitEffects(rig, NAMES).nominal(physics_seed(rig, 8_000, 1))
    new = nominal[life_fraction(nominal) < 0.1]
    for sensor in rig.sensors:
        middle = (sensor.normal.min + sensor.normal.max) / 2
        width = sensor.normal.max - sensor.normal.min
        assert abs(new[sensor.name].mean() - middle) < 0.2 * width


def test_units_differ_by_their_effects_and_nominal_ones_do_not(rig: MachineProfile) -> None:
    seed = physics_seed(rig, 8_000, 1)
    nominal = UnitEffects(rig, NAMES).nominal(seed)
    for sensor in rig.sensors:
        own, left = (spread_of_units(frame, sensor.name, 0.2) for frame in (seed, nominal))
        assert left < 0.5 * own


def test_readings_at_failure_have_no_unit_effect(rig: MachineProfile) -> None:
    seed = physics_seed(rig, 8_000, 1)
    nominal = UnitEffects(rig, NAMES).nominal(seed)
    last = [frame.groupby("unit_id").tail(5) for frame in (seed, nominal)]
    driven = last[0]["failure_mode"] == "bearing"
    own, taken_out = (frame.loc[driven, "vibration_rms"] for frame in last)
    assert np.abs(own - taken_out).max() < 0.1


def test_new_effects_fill_the_normal_band_and_stay_within_the_limits(rig: MachineProfile) -> None:
    seeds = [physics_seed(rig, 2_000, number) for number in range(12)]
    plan = pd.concat(
        [seed.assign(unit_id=seed["unit_id"] + 10 * n) for n, seed in enumerate(seeds)]
    )
    names = [sensor.name for sensor in rig.sensors]
    middle = np.tile(
        [(sensor.normal.min + sensor.normal.max) / 2 for sensor in rig.sensors], (len(plan), 1)
    )
    readings = UnitEffects(rig, NAMES).added(middle, plan, np.random.default_rng(0))
    new = pd.DataFrame(readings, columns=names)[(plan["cycle_hour"] == 0).to_numpy()]
    for sensor in rig.sensors:
        normal, limits = sensor.normal, sensor.physical_limits
        assert new[sensor.name].between(normal.min - 1e-9, normal.max + 1e-9).all()
        assert new[sensor.name].std() > 0.2 * (normal.max - normal.min)
        column = readings[:, names.index(sensor.name)]
        assert limits.min <= column.min() <= column.max() <= limits.max


def test_new_effects_of_sensors_that_follow_others_belong_together(rig: MachineProfile) -> None:
    profile = with_drivers(rig)
    life = physics_seed(rig, 1_000, 0).query("unit_id == 1")
    plan = pd.concat([life.assign(unit_id=unit) for unit in range(1, 201)])
    middle = np.tile([(s.normal.min + s.normal.max) / 2 for s in rig.sensors], (len(plan), 1))
    readings = UnitEffects(profile, NAMES).added(middle, plan, np.random.default_rng(0))
    new = pd.DataFrame(readings, columns=NAMES)[(plan["cycle_hour"] == 0).to_numpy()]

    assert new.corr().loc["bearing_temperature", "ambient"] > 0.4
    assert new.corr().loc["bearing_temperature", "flow"] > 0.05
    assert abs(new.corr().loc["vibration_rms", "ambient"]) < 0.2
    for sensor in rig.sensors:
        assert new[sensor.name].between(sensor.normal.min - 1e-9, sensor.normal.max + 1e-9).all()


def test_readings_beyond_a_limit_are_reflected_and_do_not_accumulate(rig: MachineProfile) -> None:
    plan = physics_seed(rig, 2_000, 0)
    low = np.tile([sensor.physical_limits.min for sensor in rig.sensors], (len(plan), 1))
    readings = UnitEffects(rig, NAMES).added(low, plan, np.random.default_rng(0))
    for column, limit in zip(readings.T, low[0], strict=True):
        assert (column >= limit).all()
        assert (column == limit).mean() < 0.05


def test_a_sensor_that_counts_rests_or_reads_in_steps_keeps_its_readings(
    rig: MachineProfile,
) -> None:
    seed = physics_seed(rig, 8_000, 1)
    seed["vibration_rms"] = seed["vibration_rms"].round()
    seed["flow"] = (2 * seed["flow"]).round() / 2
    seed["seal_leak"] = (seed["seal_leak"] - 3).clip(lower=0)
    affected = sensors_with_unit_effects(seed, rig)
    assert affected == ("bearing_temperature", "ambient")
    effects = UnitEffects(rig, affected)
    nominal = effects.nominal(seed)
    made = effects.added(nominal[NAMES].to_numpy(), seed, np.random.default_rng(0))
    for name in ("vibration_rms", "flow", "seal_leak"):
        assert nominal[name].equals(seed[name])
        assert (made[:, NAMES.index(name)] == seed[name]).all()


def test_a_value_that_one_unit_alone_repeats_is_its_unit_effect(rig: MachineProfile) -> None:
    seed = physics_seed(rig, 2_000, 1)
    seed["ambient"] = 20.0 + seed["unit_id"] / 7
    assert "ambient" in sensors_with_unit_effects(seed, rig)
    assert "ambient" not in sensors_with_unit_effects(seed.assign(ambient=20.1), rig)
    one = seed[seed["unit_id"] == 1]
    assert "ambient" not in sensors_with_unit_effects(one, rig)
