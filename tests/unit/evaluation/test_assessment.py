"""The report on a synthetic set: its metrics, gates and verdict."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from GAN.config.quality_gates import GATES
from GAN.datasets.run_to_failure import time_step_of
from GAN.evaluation.assessment import assess
from GAN.evaluation.gates import Light
from GAN.evaluation.quality_report import QualityReport
from GAN.profiles.profile import MachineProfile
from GAN.progress import silent
from GAN.simulation.physics import fresh_units
from GAN.synthesis.generation import generate
from GAN.synthesis.unit_effects import UnitEffects, sensors_with_unit_effects
from tests.unit.conftest import Training
from tests.unit.evaluation.sets import Sets, healthy, independent, lights, noise, shuffled


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
    report = assess(rig_seed, rig_synthetic, rig)
    assert report.passed, report.reasons


@pytest.mark.parametrize(
    ("spoilt", "gates"),
    [
        (noise, {"rows_c2st_auc", "column_shapes", "spearman_error"}),
        (independent, {"rows_c2st_auc", "spearman_error", "relative_noise_autocorrelation_error"}),
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


def test_lives_in_the_wrong_order_are_usable_with_care_while_they_help(
    rig: MachineProfile, rig_seed: pd.DataFrame, honest: Sets
) -> None:
    honest["train"] = shuffled(rig, honest["train"])
    report = assess(rig_seed, honest, rig)
    assert lights(report)["relative_noise_autocorrelation_error"] is Light.POOR
    assert lights(report)["worth"] is Light.GOOD
    assert report.passed
    assert report.with_care
    assert report.worth is not None
    assert report.verdict == (
        "Usable with care, because of: classifier test on windows of 16 rows (AUC), "
        "autocorrelation error of the noise. "
        f"A RUL model has {report.worth.text}."
    )


def test_rows_that_are_no_lives_are_found_in_every_set(
    rig: MachineProfile, rig_seed: pd.DataFrame, honest: Sets
) -> None:
    lives = fresh_units(rig, 0.6)
    honest["train"] = lives[lives["unit_id"] <= 22]
    honest["test"] = lives[lives["unit_id"] > 22]
    assert lights(assess(rig_seed, honest, rig))["held_out_error"] is Light.GOOD
    honest["test"] = independent(rig, honest["test"])
    report = assess(rig_seed, honest, rig)
    assert not report.passed
    assert lights(report)["held_out_error"] is Light.POOR
    assert lights(report)["relative_noise_autocorrelation_error"] is Light.POOR


def test_copies_of_the_seeds_rows_are_found(
    rig: MachineProfile, rig_seed: pd.DataFrame, honest: Sets
) -> None:
    rows = pd.concat([rig_seed] * 3, ignore_index=True)
    rows["unit_id"] += 10 * (np.arange(len(rows)) // len(rig_seed))
    honest["train"] = rows
    report = assess(rig_seed, honest, rig)
    copied = report.rows.nearest_neighbour_share
    fresh = assess(rig_seed, {**honest, "train": fresh_units(rig, 0.6)}, rig)
    assert fresh.rows.nearest_neighbour_share == pytest.approx(0.5, abs=0.12)
    assert copied is not None
    assert copied > 0.75


def test_lives_of_the_model_beat_the_shuffled_baseline(
    rig: MachineProfile, rig_seed: pd.DataFrame, rig_training: Training
) -> None:
    # Sets of the seed's size share its time step, so that their windows are judged.
    samples = dict.fromkeys(("train", "val", "test"), len(rig_seed))
    model = rig_training.model.model.lives
    sets = generate(model, rig, samples, time_step_of(rig_seed), 7, silent)
    report = assess(rig_seed, sets, rig)
    errors = [
        each.noise_autocorrelation_error for each in (report.in_time, report.shuffled_baseline)
    ]
    assert errors[0] is not None
    assert errors[1] is not None
    assert errors[0] < errors[1]


def test_a_seed_of_one_unit_leaves_metrics_open_and_says_so(
    rig: MachineProfile, rig_seed: pd.DataFrame, honest: Sets
) -> None:
    first = rig_seed[rig_seed["unit_id"] == 1].reset_index(drop=True)
    report = assess(first, honest, rig)
    open_ = {"rows_c2st_auc", "windows_c2st_auc", "nearest_neighbour_share"}
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


def test_a_report_survives_json(rig: MachineProfile, rig_seed: pd.DataFrame, small: Sets) -> None:
    report = assess(rig_seed, small, rig)
    text = report.model_dump_json()
    assert json.loads(text)["machine_id"] == rig.machine_id
    assert QualityReport.model_validate_json(text) == report
    assert assess(rig_seed, small, rig) == report
