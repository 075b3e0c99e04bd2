"""What a predictor says of units: chances, reasons, outlook, and what it does not know."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from GAN.datasets.run_to_failure import time_step_of
from GAN.profiles.profile import MachineProfile
from GAN.prognosis.condition.features import thinned
from GAN.prognosis.evaluation import evaluate
from GAN.prognosis.heads.error_distribution import LEVELS, probability_within
from GAN.prognosis.lifetime_prior import lifetimes, predictions, remaining
from GAN.prognosis.prediction import LIFETIMES, READINGS, Prediction, table
from GAN.prognosis.predictor import Predictor
from GAN.prognosis.readings import check_readings, condition_of
from tests.unit.prognosis.conftest import late_readings, of_all_units


def ask(predictor: Predictor, frame: pd.DataFrame) -> list[Prediction]:
    readings = check_readings(frame, predictor.profile, "readings")
    condition = condition_of(readings, predictor.sensors, predictor.regimes)
    return predictor.predict(condition, condition.every_unit, readings.units)


@pytest.fixture(scope="module")
def late(rig_predictor: Predictor, unseen_lives: pd.DataFrame) -> list[Prediction]:
    """Units that will fail within 20 hours."""
    return ask(rig_predictor, of_all_units(unseen_lives, 15.0))


def test_it_is_far_better_than_age_alone_and_its_intervals_hold(
    rig_predictor: Predictor, unseen_lives: pd.DataFrame
) -> None:
    found = evaluate(rig_predictor, unseen_lives)
    assert found.units >= 30
    assert found.mae_hours < 0.75 * found.mae_by_age_hours
    assert found.late_mae_hours < 0.25 * found.late_mae_by_age_hours
    assert found.pinball_loss_hours < 0.75 * found.pinball_loss_by_age_hours
    assert 0.8 <= found.coverage_90 <= 0.99
    assert found.brier_24h < 0.5 * found.brier_24h_by_age
    assert found.mode_accuracy_late > 0.8
    assert found.missed_failures == 0


def test_probabilities_sum_to_1_and_grow_with_the_horizon(
    rig_predictor: Predictor, unseen_lives: pd.DataFrame, late: list[Prediction]
) -> None:
    for prediction in late:
        assert sum(prediction.probabilities.values()) == pytest.approx(1.0, abs=1e-12)
        assert set(prediction.probabilities) == {"healthy", "bearing", "seal"}
    followed = rig_predictor.follow(unseen_lives, thinned(unseen_lives, 40))
    age = unseen_lives["cycle_hour"].to_numpy()[followed.positions]
    quantiles = rig_predictor.rul.quantiles(followed.rows, age)
    assert (np.diff(quantiles, axis=1) >= 0).all()
    chances = [probability_within(quantiles, hours) for hours in np.geomspace(0.1, 5_000, 60)]
    assert (np.diff(chances, axis=0) >= 0).all()
    assert (chances[-1] == 1).all()


def test_reasons_sum_to_the_forecast(late: list[Prediction]) -> None:
    for prediction in late:
        assert prediction.usual_hours is not None
        total = prediction.usual_hours + sum(reason.hours for reason in prediction.reasons)
        assert total == pytest.approx(prediction.rul_hours, abs=1e-9)
        assert {reason.sensor for reason in prediction.reasons} >= {"age", "vibration_rms"}


def test_a_worn_unit_is_explained_in_words_with_similar_lives(late: list[Prediction]) -> None:
    worst = min(late, key=lambda prediction: prediction.rul_hours)
    assert worst.based_on == READINGS
    assert worst.rul_low_hours <= worst.rul_hours <= worst.rul_high_hours
    assert f"About {worst.rul_hours:.0f} h left" in worst.sentence
    assert "of its way to failure) takes" in worst.sentence
    assert len(worst.similar_lives) == 3
    assert worst.health is not None
    assert worst.health < 60


def test_each_wearing_sensor_has_an_outlook(rig: MachineProfile, late: list[Prediction]) -> None:
    wearing = [sensor.name for sensor in rig.sensors if sensor.failure is not None]
    for prediction in late:
        assert [each.sensor for each in prediction.outlook] == wearing
        for each in prediction.outlook:
            assert len(each.hours) == 4
            ordered = zip(each.low, each.median, each.high, strict=True)
            assert all(low <= median <= high for low, median, high in ordered)


def test_a_lost_sensor_is_named_first_and_changes_the_rest_little(
    rig_predictor: Predictor, unseen_lives: pd.DataFrame, late: list[Prediction]
) -> None:
    frame = of_all_units(unseen_lives, 15.0).assign(ambient=np.nan)
    for blind, seeing in zip(ask(rig_predictor, frame), late, strict=True):
        assert blind.silent_sensors == ("ambient",)
        assert blind.sentence.startswith("No recent reading of ambient.") or (
            blind.sentence.startswith("This condition is unlike")
        )
        assert blind.rul_hours < 3 * seeing.rul_hours + 60


FAULTS = {
    "thinned": lambda frame, rng: frame[rng.random(len(frame)) > 1 / 3],
    "spiked": lambda frame, rng: frame.assign(
        vibration_rms=frame["vibration_rms"] * np.where(rng.random(len(frame)) < 0.005, 3.0, 1.0)
    ),
    "noisier": lambda frame, rng: frame.assign(
        vibration_rms=frame["vibration_rms"] + rng.normal(0, 0.1, len(frame))
    ),
    "shifted": lambda frame, _: frame.assign(bearing_temperature=frame["bearing_temperature"] + 8),
    "stuck": lambda frame, _: frame.assign(flow=frame.groupby("unit")["flow"].transform("first")),
    "lost": lambda frame, _: frame.assign(bearing_temperature=np.nan),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faulty_telemetry_does_not_hide_a_failure_that_is_near(
    rig_predictor: Predictor, unseen_lives: pd.DataFrame, late: list[Prediction], fault: str
) -> None:
    frame = FAULTS[fault](of_all_units(unseen_lives, 15.0), np.random.default_rng(0))
    found = np.array([prediction.rul_hours for prediction in ask(rig_predictor, frame)])
    sound = np.array([prediction.rul_hours for prediction in late])
    typical_life = unseen_lives.groupby("unit_id")["cycle_hour"].max().mean()
    assert np.mean(np.abs(found - 15.0)) < np.mean(np.abs(sound - 15.0)) + 0.08 * typical_life


def test_an_unknown_condition_is_called_strange_and_its_interval_is_widened(
    rig_predictor: Predictor, unseen_lives: pd.DataFrame
) -> None:
    frame = of_all_units(unseen_lives, 15.0)
    late = frame["cycle_hour"] > 300
    # Possible, but never seen: flow that rises with wear, and a hot room.
    odd = frame.assign(
        flow=np.where(late, 150.0 - 0.5 * frame["flow"], frame["flow"]),
        ambient=frame["ambient"] + np.where(late, 9.0, 0.0),
    )
    strange, usual = table(ask(rig_predictor, odd)), table(ask(rig_predictor, frame))
    watched = strange["age_hours"] > 320
    assert watched.sum() > 10
    assert strange["strangeness"][watched].mean() > usual["strangeness"][watched].mean() + 0.2
    assert strange["widened"][watched].mean() > usual["widened"][watched].mean() + 0.2


def test_predictions_are_a_table_and_json(late: list[Prediction]) -> None:
    frame = table(late)
    assert len(frame) == len(late)
    assert {"unit", "rul_hours", "probability_healthy", "novelty", "flow_hours_to_alarm"} <= set(
        frame
    )
    document = late[0].as_json()
    assert document["reasons"][0].keys() == {"sensor", "hours", "used"}
    used = {reason["sensor"]: reason["used"] for reason in document["reasons"]}
    assert [name for name, share in used.items() if share is None] == ["age"]


def test_without_readings_the_lifetimes_of_the_type_answer(rig: MachineProfile) -> None:
    (new,) = predictions(rig, None)
    assert new.based_on == LIFETIMES
    assert sum(new.probabilities.values()) == pytest.approx(1.0)
    lives = lifetimes(rig)
    assert new.rul_hours == pytest.approx(np.median(lives))
    assert "no readings were used" in new.sentence
    older = remaining(lives, float(np.median(lives)))
    assert older[len(LEVELS) // 2] < new.rul_hours
    assert (remaining(lives, 1e9) == 0).all()


def test_one_life_is_enough_for_a_predictor_of_wide_intervals(
    rig: MachineProfile, rig_lives: pd.DataFrame
) -> None:
    life = rig_lives[rig_lives["unit_id"] == 1].iloc[::4]
    alone = Predictor.fit(rig, life, time_step_of(life))
    (found,) = ask(alone, late_readings(rig_lives, 1, 100.0))
    assert found.rul_low_hours < 100.0 < found.rul_high_hours


def test_each_life_keeps_a_row_however_short_it_is() -> None:
    frame = pd.DataFrame({"unit_id": np.repeat([1, 2, 3], [100, 3, 1])})
    assert set(frame["unit_id"][thinned(frame, 50)]) == {1, 2, 3}
