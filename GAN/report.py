"""The quality page: one HTML file that opens anywhere, without a network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from string import Template
from typing import TYPE_CHECKING, Any

from GAN.figures import (
    SEED_COLOUR,
    SYNTHETIC_COLOUR,
    correlation_figure,
    distribution_figure,
    life_figure,
    loss_figure,
)
from GAN.profile import MachineProfile, Sensor
from GAN.quality import QualityReport, SensorTrend

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
  .verdict { display: flex; gap: 28px; align-items: center; border-left: 8px solid; }
  .passed { border-left-color: #2e8b57; } .failed { border-left-color: #b3261e; }
  .finding { flex: 1; max-width: 640px; }
  .key::before { content: ""; display: inline-block; width: 14px; height: 10px;
                 margin: 0 5px 0 14px; border-radius: 2px; background: currentColor; }
  .verdict b { font-size: 24px; } .passed b { color: #21704a; } .failed b { color: #b3261e; }
  .score { font-size: 46px; font-weight: 650; line-height: 1; font-variant-numeric: tabular-nums; }
  .meter { position: relative; height: 10px; border-radius: 5px; background: var(--line);
           margin: 10px 0 4px; }
  .meter i { position: absolute; left: 0; top: 0; bottom: 0; border-radius: 5px; }
  .passed .meter i { background: #2e8b57; } .failed .meter i { background: #b3261e; }
  .meter u { position: absolute; top: -4px; bottom: -4px; width: 2px; background: var(--ink); }
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

#: Which colour is which, for figures that show both.
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
    """The verdict and what it rests on, for a reliability engineer.

    Args:
        report: The figures.
        seed: The seed data.
        synthetic: The sets; the figures show `train`.
        loss_history: Mean loss of each epoch.
        profile: The machine.

    Returns:
        A complete HTML document with plotly.js in it; nothing is loaded from anywhere.
    """
    from plotly.offline import get_plotlyjs

    train = synthetic["train"]
    sections = [
        _section("Synthetic sets", "Every faulty count must be 0.", _splits_table(report)),
        _section(
            "Sensors",
            "Likeness of the distribution (1 is equal) and correlation with RUL; "
            "Δ is synthetic minus seed.",
            _sensor_table(report, profile),
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
        verdict=_verdict(report),
        sections="\n".join(sections),
        sha256=escape(report.profile_sha256),
    )


def _maker(profile: MachineProfile) -> str:
    facts = [f"{profile.manufacturer} {profile.model}", profile.category.replace("_", " ")]
    facts.append(f"lives up to {profile.life.max_rul_hours:g} h")
    line = escape(" · ".join(facts))
    return f"{line}<br>{escape(profile.description)}" if profile.description else line


def _verdict(report: QualityReport) -> str:
    if report.passed:
        word = "Passed"
    elif report.quality_score < report.threshold:
        word = "Below threshold"
    else:
        word = "Not passed"
    remarks = "".join(f"<li>{escape(text)}</li>" for text in (*report.reasons, *report.notes))
    return f"""<section class="verdict {"passed" if report.passed else "failed"}">
<div><div class="score">{report.quality_score:.3f}</div><div class="soft">quality score</div></div>
<div class="finding"><b>{word}</b>
<div class="meter"><i style="width:{100 * report.quality_score:.1f}%"></i>
<u style="left:{100 * report.threshold:.1f}%"></u></div>
<div class="soft">threshold {report.threshold:.2f} · column shapes
{report.column_shapes_score:.3f} · column pair trends {report.column_pair_trends_score:.3f} ·
diagnostic {report.diagnostic_score:.3f}</div>
<ul>{remarks}</ul></div>
</section>"""


def _splits_table(report: QualityReport) -> str:
    head = ["set", "rows", "lives", "missing", "infinite", "outside limits", "broken lives"]
    rows = []
    for name, check in report.splits.items():
        faults = [check.missing, check.infinite, check.outside_limits, check.broken_lives]
        cells = [_cell(name), _cell(f"{check.rows:,}"), _cell(f"{check.units:,}")]
        rows.append([*cells, *(_cell(f"{fault:,}", bad=fault > 0) for fault in faults)])
    shared = f'<p class="soft">Units in more than one set: {report.shared_units}.</p>'
    return _table(head, rows) + shared + _modes_table(report)


def _modes_table(report: QualityReport) -> str:
    checks = list(report.splits.values())
    rows = []
    for mode in checks[0].failure_modes:
        counts = [check.failure_modes[mode] for check in checks]
        rows.append([_cell(mode), *(_cell(f"{count:,}", bad=count == 0) for count in counts)])
    return _table(["lives ended by", *report.splits], rows)


def _sensor_table(report: QualityReport, profile: MachineProfile) -> str:
    head = ["sensor", "unit", "normal", "failure", "likeness"]
    head += ["Pearson seed", "synthetic", "Δ", "Spearman seed", "synthetic", "Δ"]
    rows = [
        _sensor_row(sensor, trend, report.column_shapes[sensor.name])
        for sensor, trend in zip(profile.sensors, report.sensors, strict=True)
    ]
    return _table(head, rows)


def _sensor_row(sensor: Sensor, trend: SensorTrend, likeness: float) -> list[str]:
    figures = (
        trend.pearson_seed,
        trend.pearson_synthetic,
        trend.pearson_difference,
        trend.spearman_seed,
        trend.spearman_synthetic,
        trend.spearman_difference,
    )
    return [
        _cell(sensor.name),
        _cell(sensor.unit),
        _cell(f"{sensor.normal.min:g} to {sensor.normal.max:g}"),
        _cell("steady" if sensor.failure is None else f"{sensor.failure:g}"),
        _cell(f"{likeness:.3f}"),
        *(_cell("none" if figure is None else f"{figure:+.2f}") for figure in figures),
    ]


def _cell(text: str, *, bad: bool = False) -> str:
    return f"<td{' class=bad' if bad else ''}>{escape(text)}</td>"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join(f"<tr>{''.join(cells)}</tr>" for cells in rows)
    return f"<table><thead><tr>{names}</tr></thead><tbody>{body}</tbody></table>"


def _section(title: str, note: str, body: str) -> str:
    return f'<section><h2>{escape(title)}</h2><p class="soft">{escape(note)}</p>{body}</section>'


def _embedded(figure: Any, name: str) -> str:
    """A figure as a fragment of the page, which already holds plotly.js."""
    html: str = figure.to_html(
        full_html=False,
        include_plotlyjs=False,
        div_id=name,
        config={"displaylogo": False, "responsive": True, "displayModeBar": False},
    )
    return html
