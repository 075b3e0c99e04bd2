"""Units in service: what a gap, a fast gateway and a lost sensor do to a condition."""

from __future__ import annotations

import numpy as np
import pandas as pd

from GAN.config.thresholds import Thresholds
from GAN.profiles.profile import MachineProfile
from GAN.prognosis.condition.running import BASELINE, RECENT, Condition
from GAN.prognosis.condition.sensors import SensorArrays
from GAN.prognosis.levels import LevelState
from GAN.prognosis.predictor import Predictor
from GAN.prognosis.readings import Readings, check_readings
from GAN.prognosis.tracking import TrackedUnit, UnitAnswer, condition_basis, track
from tests.unit.prognosis.conftest import late_readings

NEW = TrackedUnit("1", None, LevelState())


def rows_of(lives: pd.DataFrame, rig: MachineProfile, unit: int, until: float) -> Readings:
    return check_readings(late_readings(lives, unit, until), rig, "test")


def answer(predictor: Predictor, rows: Readings, unit: TrackedUnit = NEW) -> UnitAnswer:
    (found,) = track(predictor, [unit], rows, Thresholds())
    return found


def part(rows: Readings, chosen: np.ndarray) -> Readings:
    return Readings(rows.units, rows.unit[chosen], rows.hours[chosen], rows.values[chosen])


def test_a_worn_unit_is_an_alarm_and_a_new_one_is_healthy(
    rig: MachineProfile, rig_predictor: Predictor, unseen_lives: pd.DataFrame
) -> None:
    worn = answer(rig_predictor, rows_of(unseen_lives, rig, 1, 5.0))
    assert worn.level.level == 3
    fresh = rows_of(unseen_lives, rig, 1, 0.0)
    fresh = part(fresh, fresh.hours < 0.1 * fresh.hours.max())
    assert answer(rig_predictor, fresh).level.level == 0


def test_the_condition_goes_on_where_it_ended(
    rig: MachineProfile, rig_predictor: Predictor, unseen_lives: pd.DataFrame
) -> None:
    rows = rows_of(unseen_lives, rig, 2, 20.0)
    half = np.arange(len(rows.hours)) < len(rows.hours) // 2
    first = answer(rig_predictor, part(rows, half))
    known = TrackedUnit("1", first.condition, first.level)
    second = answer(rig_predictor, part(rows, ~half), known)
    whole = answer(rig_predictor, rows)
    assert second.condition == whole.condition
    assert second.prediction == whole.prediction


def test_readings_closer_than_a_tenth_of_a_step_are_passed_over(
    rig: MachineProfile, rig_predictor: Predictor, unseen_lives: pd.DataFrame
) -> None:
    rows = rows_of(unseen_lives, rig, 2, 20.0)
    close = 0.05 * rig_predictor.sensors.step_hours
    order = np.argsort(np.concatenate([rows.hours, rows.hours + close]), kind="stable")
    doubled = Readings(
        rows.units,
        np.zeros(2 * len(rows.hours), dtype=np.intp),
        np.concatenate([rows.hours, rows.hours + close])[order],
        np.concatenate([rows.values, rows.values])[order],
    )
    assert answer(rig_predictor, doubled).condition == answer(rig_predictor, rows).condition


def test_after_a_long_gap_the_means_begin_anew_and_the_baseline_stays(
    rig_sensors: SensorArrays,
) -> None:
    middle = (rig_sensors.low + rig_sensors.high) / 2
    one, condition = np.array([0]), Condition(rig_sensors, 1)
    for hour in range(40):
        condition.update(one, np.array([float(hour)]), middle[None])
    baseline = condition.figures[0, :, BASELINE].copy()
    far = np.where(rig_sensors.rising, rig_sensors.high, rig_sensors.low) * 1.0
    later = 40.0 + 2 * rig_sensors.long_hours
    condition.update(one, np.array([later]), far[None])
    assert np.allclose(condition.figures[0, :, RECENT], far)
    assert np.array_equal(condition.figures[0, :, BASELINE], baseline)
    assert condition.begun[0] == 0.0


def test_a_sensor_that_was_never_there_is_no_fault(
    rig: MachineProfile, rig_predictor: Predictor, unseen_lives: pd.DataFrame
) -> None:
    rows = rows_of(unseen_lives, rig, 3, 0.0)
    rows = part(rows, rows.hours < 0.3 * rows.hours.max())
    without = Readings(rows.units, rows.unit, rows.hours, rows.values.copy())
    without.values[:, 0] = np.nan
    assert "sensor fault" not in answer(rig_predictor, without).level.cause
    lost = Readings(rows.units, rows.unit, rows.hours, rows.values.copy())
    lost.values[len(lost.hours) // 2 :, 0] = np.nan
    found = answer(rig_predictor, lost)
    assert found.level.cause == "sensor fault"
    assert found.prediction.silent_sensors == (rig.sensors[0].name,)


def test_the_basis_depends_on_the_profile_and_the_step_and_not_on_the_trees(
    rig_predictor: Predictor, rig: MachineProfile, rig_lives: pd.DataFrame
) -> None:
    step = rig_predictor.sensors.step_hours
    other = Predictor.fit(rig, rig_lives, step, seed=5, sensor_forecast=False)
    assert condition_basis(other) == condition_basis(rig_predictor)
    coarse = Predictor.fit(rig, rig_lives, 2 * step, sensor_forecast=False)
    assert condition_basis(coarse) != condition_basis(rig_predictor)
