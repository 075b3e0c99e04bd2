"""The level of a unit: it rises at once, and falls when its cause has been gone for a while."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from GAN.config.thresholds import Thresholds
from GAN.prognosis.levels import ALARM, WARNING, WATCH, LevelState, next_level
from GAN.prognosis.prediction import READINGS, Prediction
from storage.status import UnitLevel

RECENT, BASELINE = 10.0, 20.0


def said(hour: float, novelty: float = 0.5, planning: float = 0.0, day: float = 0.0) -> Prediction:
    return Prediction(
        unit="1",
        age_hours=hour,
        based_on=READINGS,
        rul_hours=100.0,
        rul_low_hours=50.0,
        rul_high_hours=200.0,
        rul_quantiles=(),
        probability_24h=day,
        planning_hours=50.0,
        probabilities={"healthy": 1.0 - planning, "bearing": planning},
        novelty=novelty,
        novelty_limit=1.0,
    )


def after(before: LevelState, prediction: Prediction, **more: Any) -> LevelState:
    facts = {"watched_hours": prediction.age_hours, "sensor_fault": False} | more
    return next_level(
        before,
        prediction,
        Thresholds(),
        baseline_hours=BASELINE,
        recent_hours=RECENT,
        **facts,
    )


HEALTHY = LevelState()


@pytest.mark.parametrize(
    ("prediction", "level", "cause"),
    [
        (said(50), 0, ""),
        (said(50, novelty=1.01), WATCH, "unusual readings"),
        (said(50, planning=0.5), WARNING, "failure in planning time"),
        (said(50, novelty=3, planning=0.6), WARNING, "failure in planning time"),
        (said(50, novelty=3, planning=0.9, day=1 / 11), ALARM, "failure in 24 h"),
    ],
)
def test_a_level_rises_at_once(prediction: Prediction, level: int, cause: str) -> None:
    assert after(HEALTHY, prediction) == LevelState(level, None, cause)


def test_a_lost_sensor_is_watched() -> None:
    assert after(HEALTHY, said(50), sensor_fault=True) == LevelState(WATCH, None, "sensor fault")


def test_nothing_rises_from_the_first_few_readings() -> None:
    assert after(HEALTHY, said(RECENT - 1, novelty=9, planning=1, day=1)) == HEALTHY
    assert after(HEALTHY, said(500, day=1), watched_hours=1.0) == HEALTHY


def test_novelty_counts_once_the_baseline_is_known() -> None:
    assert after(HEALTHY, said(BASELINE - 1, novelty=9)) == HEALTHY
    assert after(HEALTHY, said(BASELINE + 1, novelty=9)).level == WATCH


def test_a_level_falls_after_the_cause_was_gone_for_the_dwell() -> None:
    alarm = LevelState(ALARM, None, "failure in 24 h")
    calm = after(alarm, said(100))
    assert calm == LevelState(ALARM, 100.0, "failure in 24 h")
    assert after(calm, said(100 + RECENT - 0.1)).level == ALARM
    assert after(calm, said(100 + RECENT)) == HEALTHY


def test_a_cause_that_comes_back_begins_the_dwell_anew() -> None:
    alarm = LevelState(ALARM, 100.0, "failure in 24 h")
    assert after(alarm, said(105, day=0.06)).calm_since is None


def test_a_level_is_held_until_well_below_its_threshold() -> None:
    warning = LevelState(WARNING, None, "failure in planning time")
    held = after(warning, said(100, planning=0.26))
    assert (held.level, held.calm_since) == (WARNING, None)
    assert after(warning, said(100, planning=0.24)).calm_since == 100.0


def test_an_alarm_falls_to_the_level_that_still_has_a_cause() -> None:
    alarm = LevelState(ALARM, 100.0, "failure in 24 h")
    fallen = after(alarm, said(100 + RECENT, novelty=2))
    assert fallen == LevelState(WATCH, None, "unusual readings")


def test_thresholds_of_a_machine_count() -> None:
    strict = Thresholds(alarm=0.01)
    found = next_level(
        HEALTHY,
        said(50, day=0.02),
        strict,
        watched_hours=50,
        baseline_hours=BASELINE,
        recent_hours=RECENT,
        sensor_fault=False,
    )
    assert found.level == ALARM


@given(st.lists(st.floats(0, 2), min_size=1, max_size=40))
def test_noise_around_a_threshold_changes_the_level_less_often_than_each_dwell(
    noise: list[float],
) -> None:
    state, levels = HEALTHY, []
    for step, strength in enumerate(noise):
        state = after(state, said(100 + step, planning=strength / 2))
        levels.append(state.level)
    falls = [n for n in range(1, len(levels)) if levels[n] < levels[n - 1]]
    assert all(b - a >= RECENT for a, b in pairwise(falls))


def test_the_levels_are_those_of_the_ledger() -> None:
    from GAN.prognosis.levels import LEVELS

    named = [level.value for level in UnitLevel if level is not UnitLevel.NO_FORECAST]
    assert named == list(LEVELS)
