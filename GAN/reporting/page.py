"""The quality page: one HTML file that opens anywhere, without a script or a network."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from GAN.config.quality_gates import GATES
from GAN.evaluation.comparison import SensorLives
from GAN.evaluation.gates import Gate
from GAN.evaluation.quality_report import QualityReport
from GAN.profiles.profile import MachineProfile
from GAN.reporting import rendering, sentences
from GAN.reporting.plots.matrix import correlation_matrix
from GAN.reporting.plots.sensors import histogram, lives
from GAN.reporting.plots.training import loss_curve, set_sizes
from GAN.reporting.plots.zones import zone_bar


@dataclass(frozen=True)
class GateView:
    """A gate with its bar, which is None where there is nothing to show on it."""

    gate: Gate
    why: str
    bar: Markup | None


@dataclass(frozen=True)
class ColumnView:
    """RUL or a sensor with its plots.

    Attributes:
        unit: The sign of the unit.
        alike: 1 - Kolmogorov-Smirnov distance.
        range: Normal band and failure value in words; empty for RUL.
        lives: None for RUL.
    """

    name: str
    unit: str
    alike: float
    range: str
    histogram: Markup
    lives: Markup | None


def report_page(report: QualityReport, losses: Sequence[float], profile: MachineProfile) -> str:
    """The verdict and the metrics behind it, for a reliability engineer.

    Args:
        report: The metrics. One of version 0.1 has no plots of readings and correlations.
        losses: Mean loss of each epoch.
        profile: The machine.

    Returns:
        A complete HTML document without scripts. Its own content security policy allows its style
        sheet and nothing else.
    """
    style = rendering.style("report.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    checks = report.splits.values()
    training = sentences.of_training(losses)
    return rendering.page(
        "report.html",
        policy=Markup(
            f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
        ),
        style=Markup(style),
        report=report,
        profile=profile,
        gates=list(map(_gate, report.gates)),
        columns=sorted(_columns(report), key=lambda view: view.alike),
        matrix=_matrix(report),
        in_time=sentences.in_time_rows(report),
        sizes=set_sizes(report.splits, sentences.of_sets(report.splits)).markup(),
        modes=[
            (mode.name, [check.failure_modes[mode.name] for check in checks])
            for mode in profile.failure_modes
        ],
        faults=[
            (kind[0][1], [count for count, _ in kind])
            for kind in zip(*(check.faults() for check in checks), strict=True)
        ],
        training=training,
        loss=loss_curve(losses, training).markup(),
    )


def _gate(gate: Gate) -> GateView:
    bar = None if gate.value is None else zone_bar(gate, sentences.of_gate(gate)).markup()
    return GateView(gate, GATES[gate.metric].why, bar)


def _columns(report: QualityReport) -> Iterator[ColumnView]:
    if report.comparison is None:
        return
    pairs = {pair.name: pair for pair in report.comparison.lives}
    for counts in report.comparison.histograms:
        alike = report.rows.column_shapes[counts.name]
        pair = pairs.get(counts.name)
        yield ColumnView(
            name=counts.name,
            unit=sentences.unit_sign(counts.unit),
            alike=alike,
            range="" if pair is None else _range(pair),
            histogram=histogram(counts, sentences.of_histogram(counts, alike)).markup(),
            lives=None if pair is None else lives(pair, sentences.of_lives(pair)).markup(),
        )


def _range(pair: SensorLives) -> str:
    low, high = map(sentences.value, pair.normal)
    end = "steady" if pair.failure is None else f"{sentences.value(pair.failure)} at failure"
    return f"normal {low} to {high}, {end}"


def _matrix(report: QualityReport) -> Markup | None:
    if report.comparison is None:
        return None
    found = report.comparison.correlations
    return correlation_matrix(found, sentences.of_correlations(found)).markup()
