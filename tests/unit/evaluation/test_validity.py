"""Impossible values and lives in a set are found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from GAN.evaluation.assessment import assess
from GAN.evaluation.gates import Light
from GAN.profiles.profile import MachineProfile
from tests.unit.evaluation.sets import Sets, lights


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


def test_rul_that_falls_faster_than_time_passes_breaks_a_life(
    rig: MachineProfile, rig_seed: pd.DataFrame, small: Sets
) -> None:
    small["val"] = small["val"].assign(rul_hours=2.0 * small["val"]["rul_hours"])
    report = assess(rig_seed, small, rig)
    assert "val: 4 lives whose RUL does not fall evenly to 0" in report.reasons


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
