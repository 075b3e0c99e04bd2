from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from GAN.config.quality_gates import GATES
from GAN.datasets.run_to_failure import life_fraction, time_step_of
from GAN.evaluation.assessment import Light, QualityReport, assess
from GAN.evaluation.temporal import (
    compare_in_time,
    movement,
    relative_noise_autocorrelation_error,
    shuffled_baseline,
)
from GAN.evaluation.utility import utility
from GAN.profiles.catalogue import fleet_profile
from GAN.profiles.profile import MachineProfile
from GAN.progress import silent
from GAN.simulation.physics import fresh_units, physics_seed
from GAN.synthesis.generation import generate
from GAN.synthesis.unit_effects import UnitEffects, sensors_with_unit_effects
from tests.unit.conftest import Training

Sets = dict[str, pd.DataFrame]


@pytest.fixture
def honest(rig: MachineProfile) -> Sets:
    """The best possible sets: other units of the same machine."""
    sets = {"train": physics_seed(rig, 6_000, seed=50)}
    for index, split in enumerate(("val", "test"), start=1):
        frame = physics_seed(rig, 1_000, seed=index)
        frame["unit_id"] += 100 * index
        sets[split] = frame
    return sets


@pytest.fixture
def small(honest: Sets) -> Sets:
    """Sets with little to compare, for checks that look at single values and lives."""
    return {**honest, "train": honest["train"].query("unit_id == 1")}


def lights(report: QualityReport) -> dict[str, Light]:
    return {gate.metric: gate.light for gate in report.gates}


def test_sets_like_the_seed_data_pass(
    rig: MachineProfile, rig_seed: pd.DataFrame, honest: Sets
) -> None:
    report = assess(rig_seed, honest, rig)
    assert report.passed
    assert report.reasons == ()
    assert list(lights(report)) == list(GATES)
    assert Light.POOR not in lights(report).values()
    assert report.rows.diagnostic_score > 0.9
    assert {split: check.rows for split, check in report.splits.items()} == {
        "train": 6_000,
        "val": 1_000,
        "test": 1_000,
    }
    assert report.splits["val"].failure_modes == {"bearing": 3, "seal": 1}


def test_a_model_of_the_rig_passes(
    rig: MachineProfile, rig_seed: pd.DataFrame, rig_synthetic: Sets
) -> None:
    report = assess(rig_seed, rig_synthetic, rig, fresh_units(rig))
    assert report.passed, report.reasons


def noise(rig: MachineProfile, train: pd.DataFrame) -> pd.DataFrame:
    """Uniform noise."""
    rng = np.random.default_rng(0)
    limits = {sensor.name: sensor.physical_limits for sensor in rig.sensors}
    drawn = {name: rng.uniform(at.min, at.max, len(train)) for name, at in limits.items()}
    return train.assign(**drawn)


def independent(rig: MachineProfile, train: pd.DataFrame) -> pd.DataFrame:
    """Each column has the right distribution, independent of the others."""
    rng = np.random.default_rng(0)
    names = [sensor.name for sensor in rig.sensors]
    return train.assign(**{name: rng.permutation(train[name]) for name in names})


def shuffled(rig: MachineProfile, train: pd.DataFrame) -> pd.DataFrame:
    """Rows at the right stage of life, but of any unit."""
    return shuffled_baseline(train, [sensor.name for sensor in rig.sensors])


def healthy(rig: MachineProfile, train: pd.DataFrame) -> pd.DataFrame:
    """Readings stay constant over the last fifth of life."""
    names = [sensor.name for sensor in rig.sensors]
    readings = train[names].where(life_fraction(train) < 0.8).ffill()
    return train.assign(**readings)


@pytest.mark.parametrize(
    ("spoilt", "gates"),
    [
        (noise, {"rows_c2st_auc", "column_shapes", "spearman_error"}),
        (independent, {"rows_c2st_auc", "spearman_error", "relative_noise_autocorrelation_error"}),
        (shuffled, {"relative_noise_autocorrelation_error"}),
        (healthy, {"range_coverage"}),
    ],
)
def test_each_way_to_be_poor_is_found_by_its_gate(
    rig: MachineProfile,
    rig_seed: pd.DataFrame,
    honest: Sets,
    spoilt: Callable[[MachineProfile, pd.DataFrame], pd.DataFrame],
    gates: set[str],
) -> None:
    honest["train"] = spoilt(rig, honest["train"])
    report = assess(rig_seed, honest, rig)
    found = lights(report)
    assert not report.passed
    assert {found[name] for name in gates} == {Light.POOR}
    for name in gates:
        assert any(GATES[name].title in reason for reason in report.reasons)


def test_copies_of_the_seeds_rows_are_found(
    rig: MachineProfile, rig_seed: pd.DataFrame, honest: Sets
) -> None:
    rows = pd.concat([rig_seed] * 3, ignore_index=True)
    rows["unit_id"] += 10 * (np.arange(len(rows)) // len(rig_seed))
    honest["train"] = rows
    report = assess(rig_seed, honest, rig)
    copied = report.rows.nearest_neighbour_share
    fresh = assess(rig_seed, {**honest, "train": fresh_units(rig)}, rig)
    assert fresh.rows.nearest_neighbour_share == pytest.approx(0.5, abs=0.12)
    assert copied is not None
    assert copied > 0.75


def test_lives_of_the_model_beat_the_shuffled_baseline(
    rig: MachineProfile, rig_seed: pd.DataFrame, rig_training: Training
) -> None:
    # Sets of the seed's size share its time step, so that their windows are judged.
    samples = dict.fromkeys(("train", "val", "test"), len(rig_seed))
    model = rig_training.model.model
    sets = generate(model, rig, samples, time_step_of(rig_seed), 7, silent)
    report = assess(rig_seed, sets, rig)
    for metric in ("noise_autocorrelation_error", "windows_c2st_auc"):
        assert getattr(report.in_time, metric) < getattr(report.shuffled_baseline, metric)


@pytest.mark.parametrize("machine", ["pump_ksb_etanorm_006", "turbofan_cfm56_7b_001"])
def test_shuffled_noise_is_found_however_strong_its_autocorrelation(machine: str) -> None:
    """A turbofan's noise has hardly any."""
    profile = fleet_profile(machine)
    names = [sensor.name for sensor in profile.sensors]
    effects = UnitEffects(profile, names)
    seed, fresh = (effects.nominal(physics_seed(profile, 6_000, number)) for number in (0, 100))
    mixed = shuffled_baseline(fresh, names)
    seed_moves = movement(seed, profile)
    ordered, lost, lost_twice = (
        compare_in_time(seed_moves, movement(frame, profile))
        for frame in (fresh, mixed, shuffled_baseline(mixed, names))
    )
    limit = GATES["relative_noise_autocorrelation_error"]
    whole, none = (
        relative_noise_autocorrelation_error(ordered, lost),
        relative_noise_autocorrelation_error(lost, lost_twice),
    )
    assert whole is not None
    assert none is not None
    assert whole < limit.good < limit.usable < none


@pytest.mark.parametrize("rows", [1_000, 6_000])
def test_white_noise_passes_the_autocorrelation_gate(rig: MachineProfile, rows: int) -> None:
    sensors = tuple(sensor.model_copy(update={"ar1": 0.0}) for sensor in rig.sensors)
    white = rig.model_copy(update={"sensors": sensors})
    names = [sensor.name for sensor in sensors if sensor.law not in ("gamma", "wiener")]
    some = white.model_copy(update={"sensors": tuple(s for s in sensors if s.name in names)})
    effects = UnitEffects(some, names)
    seed, fresh = (effects.nominal(physics_seed(white, rows, number)) for number in (0, 100))
    seed_moves = movement(seed, some)
    ordered, mixed = (
        compare_in_time(seed_moves, movement(frame, some))
        for frame in (fresh, shuffled_baseline(fresh, names))
    )
    lost = relative_noise_autocorrelation_error(ordered, mixed)
    assert lost is not None
    assert lost < GATES["relative_noise_autocorrelation_error"].good


def test_a_forecast_trained_on_the_right_lives_beats_one_trained_on_noise(
    rig: MachineProfile, rig_seed: pd.DataFrame
) -> None:
    fresh = fresh_units(rig)
    of_lives = utility(rig_seed, rig_seed, rig_seed, rig, fresh)
    of_noise = utility(rig_seed, noise(rig, rig_seed), rig_seed, rig, fresh)
    assert of_lives is not None
    assert of_noise is not None
    assert of_lives.real == of_noise.real == of_noise.shuffled_baseline
    assert of_lives.error_ratio == 1 < 1.1 < of_noise.error_ratio
    assert of_lives.synthetic.phm08 < of_noise.synthetic.phm08
    assert of_lives.tested_on == "12 fresh simulated units"


def test_without_fresh_units_each_unit_of_the_seed_is_held_out(
    rig: MachineProfile, rig_seed: pd.DataFrame, honest: Sets
) -> None:
    found = utility(rig_seed, honest["train"], honest["train"], rig)
    assert found is not None
    assert found.tested_on == (
        "4 units of the seed, each held out once on the real side; the generative model of the "
        "synthetic side was trained on them"
    )
    assert 0.5 < found.error_ratio < 1.5


def test_a_seed_of_one_unit_leaves_metrics_open_and_says_so(
    rig: MachineProfile, rig_seed: pd.DataFrame, honest: Sets
) -> None:
    first = rig_seed[rig_seed["unit_id"] == 1].reset_index(drop=True)
    report = assess(first, honest, rig)
    open_ = {"rows_c2st_auc", "windows_c2st_auc", "error_ratio", "nearest_neighbour_share"}
    assert {name for name, light in lights(report).items() if light is Light.UNKNOWN} == open_
    assert sum("not judged" in note for note in report.notes) == report.unjudged == len(open_)


def test_correlations_with_rul_are_the_seeds_own_and_the_sets_own(
    rig: MachineProfile, rig_seed: pd.DataFrame, rig_synthetic: Sets
) -> None:
    report = assess(rig_seed, rig_synthetic, rig)
    nominal = UnitEffects(rig, sensors_with_unit_effects(rig_seed, rig)).nominal(rig_seed)
    by_name = {trend.name: trend for trend in report.sensors}
    flow = by_name["flow"]
    assert flow.unit == "m3/h"
    assert flow.pearson_seed == pytest.approx(nominal["flow"].corr(nominal["rul_hours"]))
    train = UnitEffects(rig, sensors_with_unit_effects(rig_seed, rig)).nominal(
        rig_synthetic["train"]
    )
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
    small: Sets,
    column: str,
    value: float,
    reason: str,
) -> None:
    small["val"].loc[[3, 4], column] = value
    report = assess(rig_seed, small, rig)
    assert not report.passed
    assert reason in report.reasons


def test_a_fraction_where_the_seed_has_whole_numbers_fails(
    rig: MachineProfile, rig_seed: pd.DataFrame, small: Sets
) -> None:
    counted = {split: frame.round({"seal_leak": 0}) for split, frame in small.items()}
    seed = rig_seed.round({"seal_leak": 0})
    assert assess(seed, counted, rig).splits["val"].not_whole == 0
    counted["val"].loc[7, "seal_leak"] += 0.25
    report = assess(seed, counted, rig)
    assert "val: 1 readings with a fraction where the seed has whole numbers" in report.reasons


def test_a_life_that_stops_before_failure_is_a_broken_one(
    rig: MachineProfile, rig_seed: pd.DataFrame, small: Sets
) -> None:
    small["test"] = small["test"].iloc[:-1]
    report = assess(rig_seed, small, rig)
    assert report.splits["test"].broken_lives == 1
    assert not report.passed


def test_units_in_two_sets_fail(rig: MachineProfile, rig_seed: pd.DataFrame, small: Sets) -> None:
    small["test"] = small["val"]
    report = assess(rig_seed, small, rig)
    assert report.shared_units == 4
    assert "4 units are in more than one set" in report.reasons
    assert lights(report)["violations"] is Light.POOR


def test_a_failure_mode_without_lives_is_noted_but_does_not_fail(
    rig: MachineProfile, rig_seed: pd.DataFrame, honest: Sets
) -> None:
    val = honest["val"]
    honest["val"] = val[val["failure_mode"] == "bearing"]
    report = assess(rig_seed, honest, rig)
    assert report.passed
    assert "no life ended by seal in val" in report.notes


def test_a_constant_sensor_has_no_correlation_and_does_no_harm(
    rig: MachineProfile, rig_seed: pd.DataFrame, honest: Sets
) -> None:
    frozen = {split: frame.assign(ambient=20.0) for split, frame in honest.items()}
    report = assess(rig_seed.assign(ambient=20.0), frozen, rig)
    assert report.passed
    assert report.sensors[-1].pearson_seed is None


def test_a_report_survives_json(rig: MachineProfile, rig_seed: pd.DataFrame, small: Sets) -> None:
    report = assess(rig_seed, small, rig)
    text = report.model_dump_json()
    assert json.loads(text)["machine_id"] == rig.machine_id
    assert QualityReport.model_validate_json(text) == report
    assert assess(rig_seed, small, rig) == report
