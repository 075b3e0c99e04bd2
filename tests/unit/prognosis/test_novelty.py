"""The anomaly score: its false alarms, and what the user sets."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from GAN.datasets.run_to_failure import time_step_of
from GAN.profiles.profile import MachineProfile
from GAN.prognosis.condition.features import thinned
from GAN.prognosis.heads.boosting import predicted
from GAN.prognosis.heads.error_distribution import MEDIAN
from GAN.prognosis.heads.novelty import CLEARED_AT, count_alarms, healthy_rows, healthy_share
from GAN.prognosis.heads.sensor_forecast import HORIZONS, examples
from GAN.prognosis.predictor import Predictor


def false_alarms(
    predictor: Predictor, lives: pd.DataFrame, rate: float, share: float | None = None
) -> float:
    """False alarms in 1,000 healthy hours of unseen units."""
    share = healthy_share(predictor.profile) if share is None else share
    used, age, units = healthy_rows(lives, predictor.sensors, predictor.lively, share)
    score, limit = predictor.novelty.score(used), predictor.novelty.limit(rate)
    paths = [score[units == unit] for unit in np.unique(units)]
    hours = sum(float(np.ptp(age[units == unit])) for unit in np.unique(units))
    return 1000 * sum(count_alarms(path, limit) for path in paths) / hours


def test_the_rate_of_false_alarms_is_about_the_accepted_one(
    rig_predictor: Predictor, unseen_lives: pd.DataFrame
) -> None:
    found = [false_alarms(rig_predictor, unseen_lives, rate) for rate in (0.5, 5.0, 50.0)]
    assert found[0] <= found[1] <= found[2]
    assert found[0] <= 3.0
    assert 1.0 <= found[1] <= 15.0


def test_a_lower_rate_has_a_higher_limit(rig_predictor: Predictor) -> None:
    limits = [rig_predictor.novelty.limit(rate) for rate in (100.0, 10.0, 1.0, 0.1)]
    assert (np.diff(limits) >= 0).all()
    assert limits[-1] > limits[0]


def test_an_alarm_lasts_until_the_score_is_well_below_the_limit() -> None:
    above, between, below = 1.2, (1 + CLEARED_AT) / 2, CLEARED_AT - 0.1
    assert count_alarms(np.array([below, above, between, above]), 1.0) == 1
    assert count_alarms(np.array([below, above, below, above]), 1.0) == 2


@pytest.mark.parametrize(("onsets", "share"), [((0.0, 0.4), 0.1), ((0.3, 0.5), 0.3)])
def test_a_unit_is_healthy_until_the_first_onset_of_wear(
    rig: MachineProfile, onsets: tuple[float, float], share: float
) -> None:
    first, second, *others = rig.sensors
    sensors = [
        first.model_copy(update={"onset": onsets[0]}),
        second.model_copy(update={"onset": onsets[1]}),
        *(each.model_copy(update={"onset": 0.9}) for each in others),
    ]
    profile = rig.model_copy(update={"sensors": sensors})
    assert healthy_share(profile) == share


def test_units_that_had_not_failed_teach_novelty_and_the_sensor_forecast(
    rig: MachineProfile, rig_lives: pd.DataFrame, unseen_lives: pd.DataFrame
) -> None:
    few = rig_lives[rig_lives["unit_id"] <= 4].iloc[::4]
    life = rig_lives.groupby("unit_id")["cycle_hour"].transform("max")
    unfailed = rig_lives[(rig_lives["unit_id"] > 4) & (rig_lives["cycle_hour"] < 0.7 * life)]
    last = unfailed.groupby("unit_id")["cycle_hour"].transform("max")
    unfailed = unfailed.assign(rul_hours=last - unfailed["cycle_hour"], failure_mode="").iloc[::4]
    step = time_step_of(few)
    alone, more = Predictor.fit(rig, few, step), Predictor.fit(rig, few, step, unfailed=unfailed)
    assert _sensor_error(more, unseen_lives) < 0.95 * _sensor_error(alone, unseen_lives)
    wrong = [abs(false_alarms(each, unseen_lives, 20.0, 0.4) - 20.0) for each in (alone, more)]
    assert wrong[1] < wrong[0]
    asked = alone.follow(few)
    age = few["cycle_hour"].to_numpy()[asked.positions]
    assert (alone.rul.quantiles(asked.rows, age) == more.rul.quantiles(asked.rows, age)).all()


def _sensor_error(predictor: Predictor, lives: pd.DataFrame) -> float:
    """Mean error of the sensor forecast at its longest horizon, in ways to failure."""
    followed = predictor.follow(lives, thinned(lives, 10))
    age = lives["cycle_hour"].to_numpy()[followed.positions]
    rul = predictor.rul.quantiles(followed.rows, age)[:, MEDIAN]
    case = examples(lives, followed, rul, predictor.sensors, float(HORIZONS[-1]))
    assert case is not None
    assert predictor.forecast is not None
    rows, change, _ = case
    return float(np.abs(predicted(predictor.forecast.booster, rows) - change).mean())
