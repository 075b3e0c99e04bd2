"""The quality page: one HTML file that opens anywhere, without a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from string import Template
from typing import TYPE_CHECKING

from GAN.evaluation.assessment import QualityReport
from GAN.profiles.profile import MachineProfile
from GAN.reporting.plots import (
    SEED_COLOUR,
    SYNTHETIC_COLOUR,
    Figure,
    autocorrelation_figure,
    correlation_figure,
    distribution_figure,
    life_figure,
    loss_figure,
)
from GAN.reporting.tables import (
    in_time_table,
    sensor_table,
    splits_table,
    utility_table,
    verdict,
)

if TYPE_CHECKING:
    import pandas as pd

PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
  :root { --ink: #1d2733; --soft: #5d6b7a; --line: #dfe5eb; --paper: #f4f6f8; }
  * { box-sizing: border-box; }
  body { margin: 0; background: var(--paper); color: var(--ink);
         font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
  main { max-width: 1180px; margin: 0 auto; padding: 28px 20px 60px; }
  h1 { font-size: 26px; margin: 0; }
  h2 { font-size: 18px; margin: 0 0 4px; }
  p { margin: 0 0 12px; }
  .soft { color: var(--soft); }
  section { background: #fff; border: 1px solid var(--line); border-radius: 10px;
            padding: 20px 22px; margin-top: 18px; overflow-x: auto; }
  .verdict { border-left: 8px solid; }
  .verdict b { font-size: 24px; } .verdict table { margin-top: 14px; }
  .passed { border-left-color: #2e8b57; } .failed { border-left-color: #b3261e; }
  .open { border-left-color: #e0a100; } .open b { color: #8a6100; }
  .passed b { color: #21704a; } .failed b { color: #b3261e; }
  td.why { white-space: normal; text-align: left; color: var(--soft); font-size: 13px; }
  .light { display: inline-block; width: 13px; height: 13px; border-radius: 50%;
           margin-right: 8px; vertical-align: -1px; background: var(--line); }
  .light.good { background: #2e8b57; } .light.usable { background: #e0a100; }
  .light.poor { background: #b3261e; }
  .key::before { content: ""; display: inline-block; width: 14px; height: 10px;
                 margin: 0 5px 0 14px; border-radius: 2px; background: currentColor; }
  ul { margin: 6px 0 0; padding-left: 20px; }
  table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
  th, td { padding: 6px 8px; text-align: right; border-bottom: 1px solid var(--line);
           white-space: nowrap; }
  th { color: var(--soft); font-weight: 600; font-size: 13px; }
  table + p { margin-top: 8px; }
  th:first-child, td:first-child { text-align: left; }
  td.bad { color: #b3261e; font-weight: 650; }
  footer { margin-top: 22px; font-size: 12.5px; overflow-wrap: anywhere; }
</style>
<script>$plotly</script>
</head>
<body>
<main>
<h1>$machine</h1>
<p class="soft">$maker</p>
$verdict
$sections
<footer class="soft">Profile SHA-256 $sha256</footer>
</main>
</body>
</html>
""")

#: Legend of the plots that show both data sets.
KEY = (
    f'<p><span class="key" style="color:{SEED_COLOUR}"></span>seed'
    f'<span class="key" style="color:{SYNTHETIC_COLOUR}"></span>synthetic (train)</p>'
)


def report_page(
    report: QualityReport,
    seed: pd.DataFrame,
    synthetic: Mapping[str, pd.DataFrame],
    loss_history: Sequence[float],
    profile: MachineProfile,
) -> str:
    """The verdict and the metrics behind it, for a reliability engineer.

    Args:
        report: The metrics.
        seed: The seed data.
        synthetic: The sets; the plots show `train`.
        loss_history: Mean loss of each epoch.
        profile: The machine.

    Returns:
        A complete HTML document with plotly.js in it; nothing is loaded from anywhere.
    """
    from plotly.offline import get_plotlyjs

    train = synthetic["train"]
    sections = [
        _section("Synthetic sets", "Every count of faults must be 0.", splits_table(report)),
        _section(
            "Sensors",
            "Fidelity of the distribution (1 is equal) and correlation with RUL. "
            "Δ is synthetic minus seed.",
            sensor_table(report, profile),
        ),
        _section(
            "Distributions",
            "Share of readings over each sensor's range.",
            KEY + _embedded(distribution_figure(seed, train, profile), "distributions"),
        ),
        _section(
            "One life of each sensor",
            "Reading over life fraction, from new (0) to failed (1), in a failure mode that drives "
            "it. Green: normal band. Dashed: failure value.",
            KEY + _embedded(life_figure(seed, train, profile), "lives"),
        ),
        _section(
            "Lives in time",
            "Do consecutive rows change as in the seed? For comparison, the same rows shuffled "
            "among units at the same stage of life.",
            in_time_table(report)
            + KEY
            + _embedded(autocorrelation_figure(seed, train, profile), "autocorrelation"),
        ),
        _section(
            "Utility for RUL",
            "RUL forecast from single rows. The PHM08 score penalises late forecasts more.",
            utility_table(report),
        ),
        _section(
            "Correlations",
            "Pearson correlation of RUL and the sensors.",
            _embedded(correlation_figure(seed, train, profile), "correlations"),
        ),
        _section(
            "Training",
            f"Mean loss over {len(loss_history)} epochs.",
            _embedded(loss_figure(loss_history), "loss"),
        ),
    ]
    return PAGE.substitute(
        title=escape(f"{profile.machine_id}: quality of synthetic data"),
        plotly=get_plotlyjs(),
        machine=escape(profile.machine_id),
        maker=_maker(profile),
        verdict=verdict(report),
        sections="\n".join(sections),
        sha256=escape(report.profile_sha256),
    )


def _maker(profile: MachineProfile) -> str:
    facts = [f"{profile.manufacturer} {profile.model}", profile.category.replace("_", " ")]
    facts.append(f"lives up to {profile.life.max_rul_hours:g} h")
    line = escape(" · ".join(facts))
    return f"{line}<br>{escape(profile.description)}" if profile.description else line


def _section(title: str, note: str, body: str) -> str:
    return f'<section><h2>{escape(title)}</h2><p class="soft">{escape(note)}</p>{body}</section>'


def _embedded(figure: Figure, name: str) -> str:
    """A plot as a fragment of the page, which already contains plotly.js."""
    from plotly.io import to_html

    html: str = to_html(
        figure,
        full_html=False,
        include_plotlyjs=False,
        div_id=name,
        config={"displaylogo": False, "responsive": True, "displayModeBar": False},
        validate=False,
    )
    return html
