"""The scores of SDMetrics without its reports are those of its reports."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from GAN.evaluation.likeness.sdmetrics_scores import correlations, scores

NUMBERS = ["load", "heat", "count", "still"]


def table(seed: int, slope: float, still: float = 0.1) -> pd.DataFrame:
    """Two numbers that go together, one that hardly does, and one that never changes."""
    rng = np.random.default_rng(seed)
    load = rng.normal(size=400)
    return pd.DataFrame(
        {
            "load": load,
            "heat": slope * load + rng.normal(size=400),
            "count": rng.poisson(3.0, 400).astype(float),
            "still": np.full(400, still),
            "mode": np.where(load + rng.normal(0.0, 0.5, 400) > 0.0, "worn", "broken"),
        }
    )


@pytest.mark.parametrize(
    ("real", "made"),
    [
        (table(0, 2.0), table(1, 1.0)),
        (table(0, 2.0), table(1, 2.0).assign(still=np.arange(400.0))),
        (table(0, 2.0), table(1, -2.0).assign(mode="worn")),
        (table(0, 0.0).assign(mode="worn"), table(1, 0.0)),
    ],
    ids=["another slope", "one moves that did not", "one label is lost", "nothing goes together"],
)
def test_they_are_those_of_its_report(real: pd.DataFrame, made: pd.DataFrame) -> None:
    columns = {name: {"sdtype": "numerical"} for name in NUMBERS}
    columns["mode"] = {"sdtype": "categorical"}
    from sdmetrics.reports import DiagnosticReport, QualityReport  # Slow to import.

    report, diagnostic = QualityReport(), DiagnosticReport()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for each in (report, diagnostic):
            each.generate(
                {"t": real}, {"t": made}, {"tables": {"t": {"columns": columns}}}, verbose=False
            )
    properties = report.get_properties().set_index("Property")["Score"]
    shapes = report.get_details("Column Shapes", "t").set_index("Column")["Score"]
    found = scores(real, made, NUMBERS, "mode")
    assert found["quality_score"] == pytest.approx(report.get_score(), abs=1e-12)
    assert found["diagnostic_score"] == pytest.approx(diagnostic.get_score(), abs=1e-12)
    assert found["column_shapes"] == pytest.approx(shapes.to_dict(), abs=1e-12)
    for name in ("Column Shapes", "Column Pair Trends"):
        ours = found[f"{name.lower().replace(' ', '_')}_score"]
        assert ours == pytest.approx(np.nan_to_num(properties[name]), abs=1e-12)


def test_what_never_changes_correlates_with_nothing() -> None:
    frame = table(0, 1.0).assign(also_still=0.3)[[*NUMBERS, "also_still"]]
    found = correlations(frame)
    assert np.isnan(found[3:, :3]).all()
    assert np.isnan(found[3, 4])
    assert found[0, 1] == pytest.approx(np.corrcoef(frame["load"], frame["heat"])[0, 1])
