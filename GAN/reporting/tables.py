"""The tables of the quality page, as HTML."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from GAN.config.quality_gates import LIMITS
from GAN.evaluation.assessment import Gate, Light, QualityReport, SensorTrend
from GAN.profiles.profile import MachineProfile, Sensor


def verdict(report: QualityReport) -> str:
    """Traffic lights, and what they say."""
    remarks = "".join(f"<li>{escape(text)}</li>" for text in (*report.reasons, *report.notes))
    style, headline = _headline(report)
    return f"""<section class="verdict {style}">
<b>{headline}</b>
{_table(["", "figure", "good", "usable", "what it tells"], map(_gate_row, report.gates))}
<ul>{remarks}</ul>
<p class="soft">SDMetrics score {report.quality_score:.3f}: column shapes
{report.rows.column_shapes_score:.3f}, column pair trends
{report.rows.column_pair_trends_score:.3f}, diagnostic {report.rows.diagnostic_score:.3f}. It hardly
tells good from poor sets, and decides nothing.</p>
</section>"""


def _headline(report: QualityReport) -> tuple[str, str]:
    """Style and words."""
    if not report.passed:
        return "failed", "Not passed"
    if unjudged := report.unjudged:
        return "open", f"Passed, {unjudged} of {len(report.gates)} figures not judged"
    return "passed", "Passed"


def _gate_row(gate: Gate) -> list[str]:
    limit = LIMITS[gate.name]
    light = gate.light.value
    sign = "≥" if limit.more_is_better else "≤"
    return [
        f'<td><span class="light {light}" title="{light}"></span>{escape(limit.title)}</td>',
        _cell(_figure(gate.figure), bad=gate.light is Light.POOR),
        _cell(f"{sign} {gate.good:g}"),
        _cell(f"{sign} {gate.usable:g}"),
        f'<td class="why">{escape(limit.why)}</td>',
    ]


def _figure(figure: float | None) -> str:
    if figure is None:
        return "not judged"
    return f"{figure:,.0f}" if figure == int(figure) else f"{figure:.3f}"


def in_time_table(report: QualityReport) -> str:
    """Figures of lives, beside those of the same rows in no order."""
    names = {
        "autocorrelation_error": "error of autocorrelation, lags 1 to 10",
        "noise_autocorrelation_error": "the same without slow movement",
        "cross_correlation_error": "error of correlation between sensors, lags 0 to 5",
        "monotonicity": "monotonicity of health",
        "windows_told_apart": "windows of 16 rows told apart (AUC)",
    }
    rows = [
        [
            _cell(title),
            _cell(_figure(getattr(report.in_time, name))),
            _cell(_figure(getattr(report.in_a_bag, name))),
        ]
        for name, title in names.items()
    ]
    seed = f'<p class="soft">Monotonicity of the seed: {_figure(report.in_time.seed_monotonicity)}.'
    return _table(["", "synthetic", "its rows in no order"], rows) + seed + "</p>"


def usefulness_table(report: QualityReport) -> str:
    """RUL forecast, learnt from either side."""
    useful = report.usefulness
    if useful is None:
        return "<p>Not judged: the seed has one unit.</p>"
    rows = [
        [_cell(name), _cell(f"{of.rmse_hours:,.1f}"), _cell(f"{of.phm08:,.2f}")]
        for name, of in (
            ("synthetic train set", useful.synthetic),
            ("its rows in no order", useful.no_order),
            ("seed", useful.real),
        )
    ]
    tested = f'<p class="soft">Tested on {escape(useful.tested_on)}.</p>'
    return _table(["learnt from", "RMSE [h]", "PHM08 score"], rows) + tested


def splits_table(report: QualityReport) -> str:
    """What each set holds, and what it must not hold."""
    head = [
        "set",
        "rows",
        "lives",
        "missing",
        "infinite",
        "outside limits",
        "not whole",
        "broken lives",
    ]
    rows = []
    for name, check in report.splits.items():
        faults = [
            check.missing,
            check.infinite,
            check.outside_limits,
            check.not_whole,
            check.broken_lives,
        ]
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


def sensor_table(report: QualityReport, profile: MachineProfile) -> str:
    """Each sensor: its range, likeness and correlation with RUL."""
    head = ["sensor", "unit", "normal", "failure", "likeness"]
    head += ["Pearson seed", "synthetic", "Δ", "Spearman seed", "synthetic", "Δ"]
    rows = [
        _sensor_row(sensor, trend, report.rows.column_shapes[sensor.name])
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
