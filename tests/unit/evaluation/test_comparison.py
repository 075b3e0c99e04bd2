"""What the report has for plots is what the data sets have."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from GAN.evaluation.assessment import assess
from GAN.evaluation.comparison import BINS, LARGEST, Comparison
from GAN.evaluation.quality_report import QualityReport
from GAN.profiles.profile import MachineProfile
from GAN.synthesis.unit_effects import UnitEffects, sensors_with_unit_effects

Sets = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def report(rig: MachineProfile, rig_seed: pd.DataFrame, rig_synthetic: Sets) -> QualityReport:
    return assess(rig_seed, rig_synthetic, rig)


@pytest.fixture(scope="module")
def comparison(report: QualityReport) -> Comparison:
    assert report.comparison is not None
    return report.comparison


def test_each_histogram_counts_every_row_in_common_bins(
    comparison: Comparison, rig: MachineProfile, rig_seed: pd.DataFrame, rig_synthetic: Sets
) -> None:
    names = [sensor.name for sensor in rig.sensors]
    assert [counts.name for counts in comparison.histograms] == ["rul_hours", *names]
    nominal = UnitEffects(rig, sensors_with_unit_effects(rig_seed, rig)).nominal(rig_seed)
    for counts in comparison.histograms:
        assert len(counts.edges) == BINS + 1
        assert list(counts.edges) == sorted(set(counts.edges))
        assert sum(counts.seed) == len(rig_seed)
        assert sum(counts.synthetic) == len(rig_synthetic["train"])
        middle = counts.edges[BINS // 2]
        below = (nominal[counts.name] < middle).sum()
        assert sum(counts.seed[: BINS // 2]) == pytest.approx(below, abs=0.01 * len(nominal))


def test_a_thinned_life_keeps_its_ends_and_its_extremes(
    comparison: Comparison, rig: MachineProfile, rig_seed: pd.DataFrame, rig_synthetic: Sets
) -> None:
    for pair in comparison.lives:
        for life, frame in ((pair.seed, rig_seed), (pair.synthetic, rig_synthetic["train"])):
            whole = frame[frame["unit_id"] == life.unit_id]
            readings = whole[pair.name].to_numpy()
            assert len(life.readings) == len(life.life_fraction) <= 2 * 60 + 2
            assert len(life.readings) < len(readings) or len(readings) <= 2 * 60
            assert (life.life_fraction[0], life.life_fraction[-1]) == (0, 1)
            assert life.hours == pytest.approx(whole["cycle_hour"].max(), abs=0.1)
            kept = [life.readings[0], life.readings[-1], min(life.readings), max(life.readings)]
            all_of = [readings[0], readings[-1], readings.min(), readings.max()]
            assert kept == pytest.approx(all_of, abs=1e-3 * np.ptp(readings))


def test_a_sensor_is_shown_in_a_failure_mode_that_drives_it(
    comparison: Comparison, rig: MachineProfile
) -> None:
    (leak,) = [pair for pair in comparison.lives if pair.name == "seal_leak"]
    assert (leak.seed.failure_mode, leak.synthetic.failure_mode) == ("seal", "seal")
    assert (leak.normal, leak.failure) == ((0, 4), 40)


def test_the_mean_difference_of_the_correlations_is_the_metric_that_decides(
    report: QualityReport, comparison: Comparison
) -> None:
    found = comparison.correlations
    difference = np.abs(np.array(found.seed) - np.array(found.synthetic))
    pairs = difference[np.triu_indices(len(found.names), 1)]
    assert pairs.mean() == pytest.approx(report.rows.spearman_error, abs=1e-3)
    shown = [abs(pair.seed - pair.synthetic) for pair in found.largest]
    assert len(shown) == LARGEST
    assert shown == pytest.approx(sorted(pairs, reverse=True)[:LARGEST])


def test_it_survives_being_written_and_read(report: QualityReport) -> None:
    written = report.model_dump_json()
    assert QualityReport.model_validate_json(written) == report
    assert len(written) < 60_000


def test_equal_readings_far_from_zero_keep_their_bins(
    rig: MachineProfile, rig_seed: pd.DataFrame
) -> None:
    shifted = rig_seed.assign(ambient=1e6 + 1e-3 * rig_seed["ambient"])
    from GAN.evaluation.comparison import compare

    comparison = compare(shifted, shifted, shifted, shifted, rig)
    (ambient,) = [counts for counts in comparison.histograms if counts.name == "ambient"]
    assert list(ambient.edges) == sorted(set(ambient.edges))
