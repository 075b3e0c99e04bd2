from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errors import InvalidInput, StageError
from GAN.datasets.run_to_failure import life_fraction, time_step_of
from GAN.profiles.profile import MachineProfile
from GAN.progress import silent
from GAN.simulation.lifetime_distribution import LifetimeDistribution
from GAN.synthesis.generation import common_step, generate
from GAN.synthesis.unit_effects import UnitEffects, sensors_with_unit_effects
from tests.unit.conftest import RIG_SAMPLES, Reports, Training

STEP = 0.5


def check_lives(sets: Mapping[str, pd.DataFrame], profile: MachineProfile) -> None:
    """RUL, time, limits and units of a generation are as promised."""
    steps = set()
    for frame in sets.values():
        for _, life in frame.groupby("unit_id"):
            assert life["rul_hours"].iloc[-1] == 0.0
            assert life["cycle_hour"].iloc[0] == 0.0
            assert life["rul_hours"].iloc[0] <= profile.life.max_rul_hours
            assert life["failure_mode"].nunique() == 1
            steps |= set(-life["rul_hours"].diff().dropna())
        for sensor in profile.sensors:
            limits = sensor.physical_limits
            assert frame[sensor.name].between(limits.min, limits.max).all()
    assert len(steps) == 1
    units = [unit for frame in sets.values() for unit in frame["unit_id"].unique()]
    assert len(units) == len(set(units))


def test_a_model_gives_whole_lives_of_exactly_the_rows_asked_for(
    rig: MachineProfile, rig_synthetic: dict[str, pd.DataFrame]
) -> None:
    assert {split: len(frame) for split, frame in rig_synthetic.items()} == RIG_SAMPLES
    check_lives(rig_synthetic, rig)


def test_sets_have_the_columns_of_the_seed_data(
    rig_seed: pd.DataFrame, rig_synthetic: dict[str, pd.DataFrame]
) -> None:
    for frame in rig_synthetic.values():
        assert frame.dtypes.to_dict() == rig_seed.dtypes.to_dict()
        assert list(frame) == list(rig_seed)
        assert not frame.isna().to_numpy().any()


def test_the_same_seed_generates_the_same_sets_and_another_seed_others(
    rig: MachineProfile,
    rig_seed: pd.DataFrame,
    rig_synthetic: dict[str, pd.DataFrame],
    rig_training: Training,
    capfd: pytest.CaptureFixture[str],
) -> None:
    model, step = rig_training.model.model.lives, time_step_of(rig_seed)
    turned = dict(reversed(RIG_SAMPLES.items()))
    again = generate(model, rig, turned, step, 7, silent)
    other = generate(model, rig, RIG_SAMPLES, step, 8, silent)
    assert list(again) == ["train", "val", "test"]
    for split, frame in rig_synthetic.items():
        pd.testing.assert_frame_equal(again[split], frame, check_exact=True)
        assert not other[split].equals(frame)
    assert capfd.readouterr() == ("", "")


@given(
    train=st.integers(2, 3_000),
    val=st.integers(2, 1_000),
    test=st.integers(2, 1_000),
    ticks=st.integers(1, 4096 * 50),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=25)
def test_any_number_of_rows_becomes_whole_lives(
    rig: MachineProfile,
    rig_training: Training,
    train: int,
    val: int,
    test: int,
    ticks: int,
    seed: int,
) -> None:
    samples = {"train": train, "val": val, "test": test}
    sets = generate(rig_training.model.model.lives, rig, samples, ticks / 4096, seed, silent)
    assert {split: len(frame) for split, frame in sets.items()} == samples
    check_lives(sets, rig)


def test_readings_sit_where_they_belong_in_life(
    rig: MachineProfile, rig_seed: pd.DataFrame, rig_training: Training
) -> None:
    sets = generate(rig_training.model.model.lives, rig, RIG_SAMPLES, STEP, 0, silent)
    effects = UnitEffects(rig, sensors_with_unit_effects(rig_seed, rig))
    seen, synthetic = effects.nominal(rig_seed), effects.nominal(sets["train"])
    for mode, sensor, slack in (("bearing", "vibration_rms", 0.4), ("seal", "flow", 2.0)):
        seed, made = (
            frame.groupby((10 * life_fraction(frame)).clip(upper=9).astype(int))[sensor].mean()
            for frame in (every[every["failure_mode"] == mode] for every in (seen, synthetic))
        )
        assert (seed - made).abs().max() < slack


def test_a_failure_mode_that_the_seed_never_had_is_left_out_and_said_so(
    rig: MachineProfile, rig_training: Training, reports: Reports
) -> None:
    trained = rig_training.model.model.lives
    bearing = [each for each in trained.trajectories.trajectories if each.failure_mode == "bearing"]
    model = replace(
        trained, trajectories=replace(trained.trajectories, trajectories=tuple(bearing))
    )
    sets = generate(model, rig, RIG_SAMPLES, STEP, 0, reports)
    assert {mode for frame in sets.values() for mode in frame["failure_mode"]} == {"bearing"}
    assert any("ends by them: seal" in message for _, message, *_ in reports)
    percents = [percent for percent, *_ in reports]
    assert percents == sorted(percents)


def test_a_model_of_another_profile_is_refused(rig: MachineProfile, rig_training: Training) -> None:
    other = rig.model_copy(update={"sensors": rig.sensors[1:]})
    with pytest.raises(StageError, match="trained on another profile"):
        generate(rig_training.model.model.lives, other, RIG_SAMPLES, STEP, 0, silent)


def lag1(life: pd.Series[float]) -> float:
    """Lag-1 autocorrelation of what is left of a sensor without its slow movement."""
    quick = life - life.rolling(15, center=True, min_periods=1).mean()
    return float(quick.autocorr(1))


@pytest.mark.parametrize("sensor", ["vibration_rms", "bearing_temperature", "ambient"])
def test_noise_follows_itself_from_row_to_row_as_in_the_seed(
    rig: MachineProfile, rig_seed: pd.DataFrame, rig_training: Training, sensor: str
) -> None:
    samples = dict.fromkeys(RIG_SAMPLES, 3_000)
    sets = generate(rig_training.model.model.lives, rig, samples, time_step_of(rig_seed), 0, silent)
    seed, made = (
        np.mean([lag1(life[sensor]) for _, life in frame.groupby("unit_id") if len(life) > 60])
        for frame in (rig_seed, sets["train"])
    )
    assert seed > 0.1
    assert made == pytest.approx(seed, abs=0.12)


def test_each_unit_has_its_own_effects_and_keeps_them(
    rig: MachineProfile, rig_training: Training
) -> None:
    sets = generate(
        rig_training.model.model.lives, rig, {**RIG_SAMPLES, "train": 9_000}, STEP, 0, silent
    )
    units = sets["train"].groupby("unit_id")["ambient"]
    normal = rig.sensors[4].normal
    assert units.mean().std() == pytest.approx((normal.max - normal.min) / 12**0.5, rel=0.4)
    halves = [[half.mean() for half in np.array_split(life.to_numpy(), 2)] for _, life in units]
    assert np.corrcoef(np.array(halves).T)[0, 1] > 0.9


def test_each_unit_has_an_onset_of_its_own(rig: MachineProfile, rig_training: Training) -> None:
    """UnitEffects left out, units at one time of life differ by how far they have come."""
    model = replace(rig_training.model.model.lives, unit_effect_sensors=())
    spreads = []
    for hours in (0.0, 100.0):
        life = rig.rul.model_copy(update={"rul_noise_std_hours": hours})
        profile = rig.model_copy(update={"rul": life})
        train = generate(model, profile, {**RIG_SAMPLES, "train": 9_000}, STEP, 0, silent)["train"]
        late = train[life_fraction(train).between(0.75, 0.85)]
        driven = late[late["failure_mode"] == "bearing"].groupby("unit_id")
        spreads.append(driven["bearing_temperature"].mean().std())
    assert spreads[1] > 1.5 * spreads[0]


@pytest.mark.parametrize(
    "samples",
    [{}, {"train": 100}, {**RIG_SAMPLES, "extra": 10}, {**RIG_SAMPLES, "val": 1}],
)
def test_sets_that_cannot_be_made_are_refused(
    rig: MachineProfile,
    rig_training: Training,
    samples: dict[str, int],
) -> None:
    with pytest.raises(InvalidInput, match="samples"):
        generate(rig_training.model.model.lives, rig, samples, STEP, 0, silent)


def test_the_time_step_doubles_until_each_set_holds_enough_lives(rig: MachineProfile) -> None:
    lifetimes = LifetimeDistribution.of_profile(rig.life)
    assert common_step(rig, lifetimes, {"train": 35_000, "val": 5_000}, 0.25) == 0.5
    assert common_step(rig, lifetimes, {"train": 35_000, "val": 100_000}, 0.25) == 0.25
    # A life keeps some 50 rows however few are asked for.
    assert common_step(rig, lifetimes, {"train": 35_000, "val": 10}, 0.25) == 8.0


def test_one_long_life_among_short_ones_stays_one_of_many(
    rig: MachineProfile, rig_training: Training
) -> None:
    """Version 0.1 doubled the median: the longest life was the 90 % quantile of its lives."""
    lived = np.array([100.0] * 19 + [1_000.0])
    lifetimes = LifetimeDistribution.of_units(lived, np.ones(20, dtype=bool), rig.life)
    model = replace(rig_training.model.model.lives, lifetimes=lifetimes)
    made = generate(model, rig, RIG_SAMPLES, STEP, 0, silent)["train"]
    hours = made.groupby("unit_id")["rul_hours"].max()
    assert hours.median() == pytest.approx(100, rel=0.25)
    assert (hours > 500).mean() < 0.1
