from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from GAN.levels import Levels
from GAN.profile import MachineProfile
from GAN.quality import QualityReport, assess
from GAN.seed import physics_seed

Sets = dict[str, pd.DataFrame]


@pytest.fixture
def honest(rig: MachineProfile, rig_seed: pd.DataFrame) -> Sets:
    """Sets as good as can be: the seed data itself, and other units of the same machine."""
    sets = {"train": rig_seed.copy()}
    for index, split in enumerate(("val", "test"), start=1):
        frame = physics_seed(rig, 1_000, seed=index)
        frame["unit_id"] += 100 * index
        sets[split] = frame
    return sets


def test_sets_like_the_seed_data_pass(
    rig: MachineProfile, rig_seed: pd.DataFrame, honest: Sets
) -> None:
    report = assess(rig_seed, honest, rig)
    assert report.passed
    assert report.reasons == report.notes == ()
    assert report.quality_score == pytest.approx(1)
    assert report.diagnostic_score == pytest.approx(1)
    assert all(trend.pearson_difference == pytest.approx(0) for trend in report.sensors)
    assert {split: check.rows for split, check in report.splits.items()} == {
        "train": 2_000,
        "val": 1_000,
        "test": 1_000,
    }
    assert report.splits["val"].failure_modes == {"bearing": 3, "seal": 1}


def test_noise_that_forgot_the_physics_falls_below_the_threshold(
    rig: MachineProfile, rig_seed: pd.DataFrame, honest: Sets
) -> None:
    rng = np.random.default_rng(0)
    for sensor in rig.sensors:
        limits = sensor.physical_limits
        honest["train"][sensor.name] = rng.uniform(limits.min, limits.max, 2_000)
    report = assess(rig_seed, honest, rig)
    assert not report.passed
    assert report.quality_score < 0.82
    assert report.reasons == (
        f"quality score {report.quality_score:.3f} is below the threshold 0.82",
    )


def test_the_threshold_is_the_callers(
    rig: MachineProfile, rig_seed: pd.DataFrame, rig_synthetic: Sets
) -> None:
    lax, strict = (assess(rig_seed, rig_synthetic, rig, limit) for limit in (0.0, 1.0))
    assert lax.passed
    assert not strict.passed
    assert lax.quality_score == strict.quality_score
    assert 0.5 < lax.quality_score < 1


def test_correlations_with_rul_are_the_seeds_own_and_the_sets_own(
    rig: MachineProfile, rig_seed: pd.DataFrame, rig_synthetic: Sets
) -> None:
    report = assess(rig_seed, rig_synthetic, rig)
    nominal = Levels(rig).nominal(rig_seed)
    by_name = {trend.name: trend for trend in report.sensors}
    flow = by_name["flow"]
    assert flow.unit == "m3/h"
    assert flow.pearson_seed == pytest.approx(nominal["flow"].corr(nominal["rul_hours"]))
    train = Levels(rig).nominal(rig_synthetic["train"])
    rank = train["flow"].rank().corr(train["rul_hours"].rank())
    assert flow.spearman_synthetic == pytest.approx(rank)
    assert flow.spearman_seed is not None
    assert flow.spearman_difference == pytest.approx(rank - flow.spearman_seed)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("flow", np.nan, "val: 2 missing values"),
        ("flow", np.inf, "val: 2 infinite values"),
        ("seal_leak", -0.5, "val: 2 readings outside their limits"),
        ("rul_hours", 3.14, "val: 1 lives whose RUL does not fall evenly to 0"),
    ],
)
def test_one_bad_value_is_reason_enough_to_fail(
    rig: MachineProfile,
    rig_seed: pd.DataFrame,
    honest: Sets,
    column: str,
    value: float,
    reason: str,
) -> None:
    honest["val"].loc[[3, 4], column] = value
    report = assess(rig_seed, honest, rig)
    assert not report.passed
    assert reason in report.reasons


def test_a_life_that_stops_before_failure_is_a_broken_one(
    rig: MachineProfile, rig_seed: pd.DataFrame, honest: Sets
) -> None:
    honest["test"] = honest["test"].iloc[:-1]
    report = assess(rig_seed, honest, rig)
    assert report.splits["test"].broken_lives == 1
    assert not report.passed


def test_units_in_two_sets_fail(rig: MachineProfile, rig_seed: pd.DataFrame, honest: Sets) -> None:
    honest["test"] = honest["val"]
    report = assess(rig_seed, honest, rig)
    assert report.shared_units == 4
    assert report.reasons == ("4 units are in more than one set",)


def test_a_failure_mode_without_lives_is_noted_but_does_not_fail(
    rig: MachineProfile, rig_seed: pd.DataFrame, honest: Sets
) -> None:
    val = honest["val"]
    honest["val"] = val[val["failure_mode"] == "bearing"]
    report = assess(rig_seed, honest, rig)
    assert report.passed
    assert report.notes == ("no life ended by seal in val",)


def test_a_constant_sensor_has_no_correlation_and_does_no_harm(
    rig: MachineProfile, rig_seed: pd.DataFrame, honest: Sets
) -> None:
    frozen = {split: frame.assign(ambient=20.0) for split, frame in honest.items()}
    report = assess(rig_seed.assign(ambient=20.0), frozen, rig)
    assert report.passed
    assert report.sensors[-1].pearson_seed is None


def test_a_report_survives_json(
    rig: MachineProfile, rig_seed: pd.DataFrame, rig_synthetic: Sets
) -> None:
    report = assess(rig_seed, rig_synthetic, rig)
    text = report.model_dump_json()
    assert json.loads(text)["machine_id"] == rig.machine_id
    assert QualityReport.model_validate_json(text) == report
    assert assess(rig_seed, rig_synthetic, rig) == report
