"""Units in service: what a gap, a fast gateway and a lost sensor do to a condition."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from GAN.config.thresholds import Thresholds
from GAN.profiles.profile import MachineProfile
from GAN.prognosis.condition.running import BASELINE, COUNT, FIGURES, FIRST, RECENT, Condition
from GAN.prognosis.condition.sensors import SensorArrays
from GAN.prognosis.levels import LevelState
from GAN.prognosis.predictor import Predictor
from GAN.prognosis.readings import Readings, check_readings
from GAN.prognosis.tracking import Repaired, TrackedUnit, UnitAnswer, condition_basis, track
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


def test_a_repair_lets_its_sensors_begin_anew_however_readings_are_divided(
    rig: MachineProfile, rig_predictor: Predictor, unseen_lives: pd.DataFrame
) -> None:
    rows = rows_of(unseen_lives, rig, 2, 20.0)
    name = rig.sensors[0].name
    middle = len(rows.hours) // 2
    repair = Repaired(float(rows.hours[middle]), (name,))
    whole = answer(rig_predictor, rows, replace(NEW, repairs=(repair,)))
    # A row at the time of the repair is of the unit before it.
    first = np.arange(len(rows.hours)) <= middle
    before = answer(rig_predictor, part(rows, first), replace(NEW, repairs=(repair,)))
    assert before.condition == answer(rig_predictor, part(rows, first)).condition
    known = TrackedUnit("1", before.condition, before.level, repairs=(repair,))
    after = answer(rig_predictor, part(rows, ~first), known)
    assert after.condition == whole.condition
    figures = np.frombuffer(whole.condition, dtype="<f8")[:-2].reshape(len(rig.sensors), FIGURES)
    untouched = np.frombuffer(answer(rig_predictor, rows).condition, dtype="<f8")[:-2]
    others = untouched.reshape(len(rig.sensors), FIGURES)[1:]
    assert np.array_equal(figures[1:], others, equal_nan=True)
    fresh = rows.values[middle + 1 :, 0]
    assert figures[0, FIRST] == fresh[0]
    assert figures[0, COUNT] == np.count_nonzero(~np.isnan(fresh))


def test_no_level_rises_shortly_after_a_repair(
    rig: MachineProfile, rig_predictor: Predictor, unseen_lives: pd.DataFrame
) -> None:
    rows = rows_of(unseen_lives, rig, 1, 5.0)
    recent = rig_predictor.sensors.recent_hours
    for hours, level in ((0.5 * recent, 0), (2.0 * recent, 3)):
        repair = Repaired(float(rows.hours[-1] - hours), (rig.sensors[-1].name,))
        assert answer(rig_predictor, rows, replace(NEW, repairs=(repair,))).level.level == level


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


@pytest.mark.parametrize(("each", "faulty"), [(15, True), (30, False)])
def test_a_sensor_with_more_than_5_percent_impossible_readings_is_faulty(
    rig_sensors: SensorArrays, each: int, faulty: bool
) -> None:
    middle = (rig_sensors.low + rig_sensors.high) / 2
    one, condition = np.array([0]), Condition(rig_sensors, 1)
    found = []
    for row in range(600):
        values = middle.copy()
        values[0] = np.inf if row % each == 0 else values[0]
        condition.update(one, np.array([0.02 * row * rig_sensors.recent_hours]), values[None])
        found.append(condition.implausible(one)[0].tolist())
    settled = np.array(found[300:])
    assert settled[:, 0].all() if faulty else not settled[:, 0].any()
    assert not settled[:, 1:].any()


def test_one_impossible_reading_is_no_fault(rig_sensors: SensorArrays) -> None:
    middle = (rig_sensors.low + rig_sensors.high) / 2
    one, condition = np.array([0]), Condition(rig_sensors, 1)
    impossible = middle.copy()
    impossible[0] = np.inf
    for hour, values in enumerate([middle, impossible, middle]):
        condition.update(one, np.array([hour * 1.0]), values[None])
        assert not condition.implausible(one).any()
    condition.update(one, np.array([3.0]), impossible[None])
    assert condition.implausible(one)[0].tolist() == [True] + [False] * (len(middle) - 1)


def test_the_basis_depends_on_the_profile_and_the_step_and_not_on_the_trees(
    rig_predictor: Predictor, rig: MachineProfile, rig_lives: pd.DataFrame
) -> None:
    step = rig_predictor.sensors.step_hours
    few = rig_lives[rig_lives["unit_id"] <= 4]
    other = Predictor.fit(rig, few, step, seed=5, sensor_forecast=False)
    assert condition_basis(other) == condition_basis(rig_predictor)
    coarse = Predictor.fit(rig, few, 2 * step, sensor_forecast=False)
    assert condition_basis(coarse) != condition_basis(rig_predictor)
