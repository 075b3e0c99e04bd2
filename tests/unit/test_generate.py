from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errors import InvalidInput, StageError
from GAN.generate import common_step, generate, match, time_step_of
from GAN.lives import life_fraction
from GAN.profile import MachineProfile
from GAN.progress import silent
from GAN.tvae import training_frame
from tests.unit.conftest import RIG_SAMPLES, Reports, Training

STEP = 0.5


class SeedSampler:
    """Samples rows of a table, as a perfect model would; stands in where training is beside the
    point."""

    def __init__(self, table: pd.DataFrame) -> None:
        self._table = table

    def reset_sampling(self) -> None:
        self._set_random_state(0)

    def _set_random_state(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)

    def sample(self, rows: int) -> dict[str, pd.DataFrame]:
        chosen = self._rng.integers(len(self._table), size=rows)
        return {"table": self._table.iloc[chosen].reset_index(drop=True)}


@pytest.fixture(scope="session")
def sampler(rig: MachineProfile, rig_seed: pd.DataFrame) -> Callable[[Mapping[str, int]], object]:
    """A sampler with the asked number of rows of each failure mode."""
    table = training_frame(rig_seed, rig)

    def of(rows_by_mode: Mapping[str, int]) -> SeedSampler:
        parts = [
            table[table["failure_mode"] == mode].sample(rows, random_state=0)
            for mode, rows in rows_by_mode.items()
        ]
        return SeedSampler(pd.concat(parts))

    return of


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
    synthesizer, step = rig_training.model.synthesizer, time_step_of(rig_seed)
    turned = dict(reversed(RIG_SAMPLES.items()))
    again = generate(synthesizer, rig, turned, step, 7, silent)
    other = generate(synthesizer, rig, RIG_SAMPLES, step, 8, silent)
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
    sampler: Callable[[Mapping[str, int]], object],
    train: int,
    val: int,
    test: int,
    ticks: int,
    seed: int,
) -> None:
    samples = {"train": train, "val": val, "test": test}
    perfect = sampler({"bearing": 500, "seal": 300})
    sets = generate(perfect, rig, samples, ticks / 4096, seed, silent)
    assert {split: len(frame) for split, frame in sets.items()} == samples
    check_lives(sets, rig)


def test_readings_sit_where_they_belong_in_life(
    rig: MachineProfile, rig_seed: pd.DataFrame, sampler: Callable[[Mapping[str, int]], object]
) -> None:
    sets = generate(sampler({"bearing": 1_400, "seal": 400}), rig, RIG_SAMPLES, STEP, 0, silent)
    for mode, sensor, slack in (("bearing", "vibration_rms", 0.4), ("seal", "flow", 2.0)):
        seed, made = (
            frame.groupby((10 * life_fraction(frame)).clip(upper=9).astype(int))[sensor].mean()
            for frame in (
                every[every["failure_mode"] == mode] for every in (rig_seed, sets["train"])
            )
        )
        assert (seed - made).abs().max() < slack


def test_a_failure_mode_the_model_never_makes_is_left_out_and_said_so(
    rig: MachineProfile, sampler: Callable[[Mapping[str, int]], object], reports: Reports
) -> None:
    sets = generate(sampler({"bearing": 500}), rig, RIG_SAMPLES, STEP, 0, reports)
    assert {mode for frame in sets.values() for mode in frame["failure_mode"]} == {"bearing"}
    assert any("never makes it: seal" in message for _, message, *_ in reports)


def test_a_scarce_failure_mode_repeats_rows_and_that_is_said(
    rig: MachineProfile, sampler: Callable[[Mapping[str, int]], object], reports: Reports
) -> None:
    sets = generate(sampler({"bearing": 1_400, "seal": 2}), rig, RIG_SAMPLES, STEP, 0, reports)
    assert {len(frame) for frame in sets.values()} == set(RIG_SAMPLES.values())
    assert "seal" in set(sets["train"]["failure_mode"])
    assert any("rows repeat: seal" in message for _, message, *_ in reports)
    percents = [percent for percent, *_ in reports]
    assert percents == sorted(percents)


def test_a_model_of_another_profile_is_refused(rig: MachineProfile, rig_seed: pd.DataFrame) -> None:
    other = SeedSampler(training_frame(rig_seed, rig).drop(columns="flow"))
    with pytest.raises(StageError, match="trained on another profile"):
        generate(other, rig, RIG_SAMPLES, STEP, 0, silent)


@pytest.mark.parametrize(
    "samples",
    [{}, {"train": 100}, {**RIG_SAMPLES, "extra": 10}, {**RIG_SAMPLES, "val": 1}],
)
def test_sets_that_cannot_be_made_are_refused(
    rig: MachineProfile,
    sampler: Callable[[Mapping[str, int]], object],
    samples: dict[str, int],
) -> None:
    with pytest.raises(InvalidInput, match="samples"):
        generate(sampler({"bearing": 500}), rig, samples, STEP, 0, silent)


def test_the_time_step_doubles_until_each_set_holds_enough_lives(rig: MachineProfile) -> None:
    assert common_step(rig, {"train": 35_000, "val": 5_000}, 0.25) == 0.5
    assert common_step(rig, {"train": 35_000, "val": 100_000}, 0.25) == 0.25
    # A life keeps some 50 rows however few are asked for.
    assert common_step(rig, {"train": 35_000, "val": 10}, 0.25) == 8.0


fractions = st.lists(st.floats(0, 1), min_size=1, max_size=60).map(sorted).map(np.array)


@given(slots=fractions, rows=fractions)
def test_matching_keeps_the_order_and_uses_no_row_twice_while_they_suffice(
    slots: np.ndarray, rows: np.ndarray
) -> None:
    chosen = match(slots, rows)
    assert (np.diff(chosen) >= 0).all()
    assert chosen.min() >= 0
    assert chosen.max() < len(rows)
    uses = np.bincount(chosen, minlength=len(rows))
    assert uses.max() <= -(-len(slots) // len(rows))


def test_with_rows_to_spare_the_match_is_close() -> None:
    rng = np.random.default_rng(0)
    slots, rows = np.linspace(0, 1, 2_000), np.sort(rng.beta(1.3, 0.8, 4_000))
    assert np.abs(rows[match(slots, rows)] - slots).max() < 0.03
