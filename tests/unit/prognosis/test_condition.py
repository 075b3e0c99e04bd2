"""A unit's condition: the same figures, however the readings come."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from GAN.profiles.profile import MachineProfile
from GAN.prognosis.condition.features import (
    feature_names,
    features,
    follow,
    lively_sensors,
    thinned,
)
from GAN.prognosis.condition.running import GIVEN, IMPOSSIBLE, Condition
from GAN.prognosis.condition.sensors import SensorArrays
from GAN.simulation.physics import physics_seed
from tests.unit.conftest import RIG

RIG_PROFILE = MachineProfile.model_validate(RIG)
LIVES = physics_seed(RIG_PROFILE, 1_000, seed=3)
SENSORS = SensorArrays.of(RIG_PROFILE, 5.0)
READINGS = LIVES[list(SENSORS.names)].to_numpy()
HOURS, UNITS = LIVES["cycle_hour"].to_numpy(), LIVES["unit_id"].to_numpy() - 1


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_training_and_service_give_the_same_features_bit_for_bit(seed: int, most: int) -> None:
    """Units in any order and in batches of any size; each unit's rows in the order of time."""
    rng = np.random.default_rng(seed)
    whole = follow(LIVES, SENSORS)
    count = int(UNITS.max()) + 1
    condition = Condition(SENSORS, count)
    waiting = {unit: list(np.flatnonzero(unit == UNITS)) for unit in range(count)}
    found = np.empty_like(whole.rows)
    while waiting:
        size = min(int(rng.integers(1, most + 1)), len(waiting))
        units = rng.permutation(list(waiting))[:size]
        at = np.array([waiting[unit].pop(0) for unit in units])
        condition.update(units, HOURS[at], READINGS[at])
        found[at] = features(condition, units)
        waiting = {unit: rows for unit, rows in waiting.items() if rows}
    assert found.tobytes() == whole.rows.tobytes()


def test_a_features_name_is_its_column() -> None:
    assert follow(LIVES, SENSORS).rows.shape[1] == len(feature_names(SENSORS))


def test_a_sensor_goes_its_way_from_the_units_own_baseline_to_failure() -> None:
    profile = RIG_PROFILE.sensors[0]
    assert profile.failure is not None
    steps = np.arange(400)
    readings = np.tile([(s.normal.min + s.normal.max) / 2 for s in RIG_PROFILE.sensors], (400, 1))
    start = readings[0, 0]
    readings[:, 0] = np.where(steps < 150, start, start + (profile.failure - start) * 0.5)
    frame = pd.DataFrame(readings, columns=list(SENSORS.names)).assign(
        unit_id=1, cycle_hour=steps * 5.0
    )
    used = follow(frame, SENSORS).rows[:, 0]
    assert abs(used[140]) < 1e-9
    assert abs(used[-1] - 0.5) < 1e-3


def test_a_spike_moves_the_means_little() -> None:
    spiked = READINGS.copy()
    spiked[300, 0] = RIG_PROFILE.sensors[0].physical_limits.max
    frame = LIVES.assign(**{SENSORS.names[0]: spiked[:, 0]})
    before, after = follow(LIVES, SENSORS).rows[:, 0], follow(frame, SENSORS).rows[:, 0]
    assert np.nanmax(np.abs(after - before)) < 0.15


def test_impossible_readings_and_gaps_count_as_missing() -> None:
    condition = Condition(SENSORS, 1)
    unit = np.array([0])
    for step in range(60):
        condition.update(unit, np.array([step * 5.0]), READINGS[[step]])
    figures = condition.figures.copy()
    condition.update(unit, np.array([300.0]), np.full((1, len(SENSORS.names)), 1e9))
    counts = [GIVEN, IMPOSSIBLE]
    others = np.delete(condition.figures, counts, axis=2)
    assert others.tobytes() == np.delete(figures, counts, axis=2).tobytes()
    assert not condition.silent(unit).any()
    condition.update(unit, np.array([2_000.0]), np.full((1, len(SENSORS.names)), np.nan))
    assert condition.silent(unit).all()
    assert np.isnan(features(condition, unit)[0, : len(SENSORS.names)]).all()


def test_a_sensor_that_repeats_itself_is_stuck_if_sound_ones_never_do() -> None:
    lively = lively_sensors(LIVES, SENSORS)
    assert lively.all()
    condition, unit = Condition(SENSORS, 1), np.array([0])
    for step in range(200):
        row = READINGS[[min(step, 50)]].copy()
        row[0, 1:] = READINGS[step % 50, 1:]
        condition.update(unit, np.array([step * 5.0]), row)
    assert condition.stuck(unit, lively)[0].tolist() == [True, False, False, False, False]
    assert not condition.stuck(unit, ~lively).any()


def test_thinning_keeps_rows_of_every_part_of_life_of_some_unit() -> None:
    """The same rows of each life would hide how a life begins."""
    kept = thinned(LIVES, 7)
    step = LIVES.groupby("unit_id").cumcount()
    assert kept.mean() == pytest.approx(1 / 7, rel=0.2)
    assert step[kept].min() == 0
    units = LIVES["unit_id"].nunique()
    assert len(set(step[kept] % 7)) == min(7, units)


def test_the_slope_of_a_few_noisy_readings_is_held_back() -> None:
    names, rows = feature_names(SENSORS), follow(LIVES, SENSORS).rows
    slopes = rows[:, [names.index(f"{SENSORS.names[k]} slope_of_life") for k in SENSORS.wearing]]
    early = LIVES.groupby("unit_id").cumcount().to_numpy() < 10
    late = LIVES["rul_hours"].to_numpy() < 20
    assert np.abs(slopes[early]).max() < 10.0  # 30 without the ridge.
    assert slopes[late].max(axis=1).min() > 0.3
