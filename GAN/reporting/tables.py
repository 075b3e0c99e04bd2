"""The tables of the quality page, as HTML."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from GAN.config.quality_gates import GATES
from GAN.evaluation.assessment import Gate, Light, QualityReport, SensorTrend
from GAN.profiles.profile import MachineProfile, Sensor


def verdict(report: QualityReport) -> str:
    """The verdict with a traffic light for each gate."""
    remarks = "".join(f"<li>{escape(text)}</li>" for text in (*report.reasons, *report.notes))
    style, headline = _headline(report)
    return f"""<section class="verdict {style}">
<b>{headline}</b>
{_table(["metric", "value", "good", "usable", "what it measures"], map(_gate_row, report.gates))}
<ul>{remarks}</ul>
<p class="soft">SDMetrics score {report.quality_score:.3f}: column shapes
{report.rows.column_shapes_score:.3f}, column pair trends
{report.rows.column_pair_trends_score:.3f}, diagnostic {report.rows.diagnostic_score:.3f}. It hardly
separates good sets from poor ones and does not affect the verdict.</p>
</section>"""


def _headline(report: QualityReport) -> tuple[str, str]:
    """CSS class and headline."""
    if not report.passed:
        return "failed", "Not passed"
    if unjudged := report.unjudged:
        return "open", f"Passed, {unjudged} of {len(report.gates)} metrics not judged"
    return "passed", "Passed"


def _gate_row(gate: Gate) -> list[str]:
    limits = GATES[gate.metric]
    light = gate.light.value
    sign = "≥" if limits.more_is_better else "≤"
    return [
        f'<td><span class="light {light}" title="{light}"></span>{escape(limits.title)}</td>',
        _cell(_number(gate.value), bad=gate.light is Light.POOR),
        _cell(f"{sign} {gate.good:g}"),
        _cell(f"{sign} {gate.usable:g}"),
        f'<td class="why">{escape(limits.why)}</td>',
    ]


def _number(value: float | None) -> str:
    if value is None:
        return "not judged"
    return f"{value:,.0f}" if value == int(value) else f"{value:.3f}"


def in_time_table(report: QualityReport) -> str:
    """Metrics of whole lives, next to those of the same rows shuffled."""
    names = {
        "autocorrelation_error": "error of autocorrelation, lags 1 to 10",
        "noise_autocorrelation_error": "the same without the trend (noise only)",
        "cross_correlation_error": "error of correlation between sensors, lags 0 to 5",
        "monotonicity": "monotonicity of health",
        "windows_c2st_auc": "classifier test on windows of 16 rows (AUC)",
    }
    rows = [
        [
            _cell(title),
            _cell(_number(getattr(report.in_time, name))),
            _cell(_number(getattr(report.shuffled_baseline, name))),
        ]
        for name, title in names.items()
    ]
    seed = f'<p class="soft">Monotonicity of the seed: {_number(report.in_time.seed_monotonicity)}.'
    return _table(["metric", "synthetic", "its rows shuffled"], rows) + seed + "</p>"


def utility_table(report: QualityReport) -> str:
    """Errors of RUL forecasts trained on synthetic and on real data."""
    forecasts = report.utility
    if forecasts is None:
        return "<p>Not judged: the seed has one unit.</p>"
    rows = [
        [_cell(name), _cell(f"{of.rmse_hours:,.1f}"), _cell(f"{of.phm08:,.2f}")]
        for name, of in (
            ("synthetic train set", forecasts.synthetic),
            ("its rows shuffled", forecasts.shuffled_baseline),
            ("seed", forecasts.real),
        )
    ]
    tested = f'<p class="soft">Tested on {escape(forecasts.tested_on)}.</p>'
    return _table(["trained on", "RMSE [h]", "PHM08 score"], rows) + tested


def splits_table(report: QualityReport) -> str:
    """Contents of each set, with counts of what must not occur."""
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
    """Each sensor: range, fidelity and correlation with RUL."""
    head = ["sensor", "unit", "normal", "failure", "fidelity"]
    head += ["Pearson seed", "synthetic", "Δ", "Spearman seed", "synthetic", "Δ"]
    rows = [
        _sensor_row(sensor, trend, report.rows.column_shapes[sensor.name])
        for sensor, trend in zip(profile.sensors, report.sensors, strict=True)
    ]
    return _table(head, rows)


def _sensor_row(sensor: Sensor, trend: SensorTrend, fidelity: float) -> list[str]:
    correlations = (
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
        _cell(f"{fidelity:.3f}"),
        *(_cell("none" if value is None else f"{value:+.2f}") for value in correlations),
    ]


def _cell(text: str, *, bad: bool = False) -> str:
    return f"<td{' class=bad' if bad else ''}>{escape(text)}</td>"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join(f"<tr>{''.join(cells)}</tr>" for cells in rows)
    return f"<table><thead><tr>{names}</tr></thead><tbody>{body}</tbody></table>"
