"""Names, units and numbers as the report page writes them, and the sentences for its plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from GAN.evaluation.comparison import Correlations, Histogram, Life, SensorLives
from GAN.evaluation.gates import Gate, Light
from GAN.evaluation.quality_report import QualityReport
from GAN.evaluation.validity import SplitCheck

#: Signs of units whose names are spelt in ASCII; other units are their own sign.
_SIGNS: Mapping[str, str] = MappingProxyType(
    {
        "1": "",
        "MOhm": "MΩ",
        "N.m": "N·m",
        "degC": "°C",
        "degR": "°R",
        "iso4406": "ISO 4406",
        "m3/h": "m³/h",
        "m3/min": "m³/min",
        "um": "µm",
    }
)


def words(name: str) -> str:
    """The name of a sensor, column or failure mode as words."""
    return "RUL" if name == "rul_hours" else name.replace("_", " ")


def unit_sign(unit: str) -> str:
    """The sign of a unit; empty where it has no dimension."""
    return _SIGNS.get(unit, unit)


def value(number: float) -> str:
    """A number with at most four significant digits and a real minus sign."""
    return _minus(f"{number + 0.0:,.4g}" if abs(number) < 10_000 else f"{number:,.0f}")


def signed(correlation: float | None) -> str:
    """A correlation with its sign."""
    return "none" if correlation is None else _minus(f"{correlation:+.2f}")


def metric(number: float | None) -> str:
    """A metric of whole lives, to three decimals."""
    return "not judged" if number is None else _minus(f"{number:.3f}")


def _minus(number: str) -> str:
    return number.replace("-", "\N{MINUS SIGN}")


def of_gate(gate: Gate) -> str:
    """A gate as one sentence: question, answer, value, limits and the value to compare with."""
    if gate.light is Light.UNKNOWN:
        return f"{gate.question} Not judged."
    side = "at least" if gate.more_is_better else "at most"
    limits = f"Good is {side} {gate.good:g}, usable {side} {gate.usable:g}."
    sentence = f"{gate.question} {gate.answer.capitalize()}: {gate.number}. {limits}"
    if gate.reference is None:
        return sentence
    return f"{sentence} For comparison, {gate.reference.meaning}: {gate.reference.value:.2f}."


def of_histogram(counts: Histogram, alike: float) -> str:
    """Where the middle half of the readings is, in both data sets."""
    halves = " ".join(
        f"Half of the {name} rows are between {value(low)} and {value(high)}."
        for name, side in (("seed's", counts.seed), ("synthetic", counts.synthetic))
        for low, high in [_middle_half(counts.edges, side)]
    )
    return f"{_with_unit(counts.name, counts.unit)}: {alike:.3f} alike, where 1 is equal. {halves}"


def of_lives(pair: SensorLives) -> str:
    """How long both lives lasted, and where they began and ended."""
    name = _with_unit(pair.name, pair.unit)
    return f"{name}: {_of_life('seed', pair.seed)}; {_of_life('synthetic', pair.synthetic)}."


def _of_life(origin: str, life: Life) -> str:
    first, last = value(life.readings[0]), value(life.readings[-1])
    ended = f"failed by {words(life.failure_mode)} after {value(round(life.hours))} h"
    return f"a {origin} unit {ended}, first reading {first}, last reading {last}"


def of_correlations(correlations: Correlations) -> str:
    """How many pairs there are, and the one that differs most."""
    count = len(correlations.names)
    pairs = f"Rank correlations of {count * (count - 1) // 2:,} pairs of RUL and sensors."
    if not correlations.largest:
        return pairs
    worst = correlations.largest[0]
    one, other = map(words, worst.columns)
    differs = f"{signed(worst.seed)} in the seed, {signed(worst.synthetic)} in the set"
    return f"{pairs} Most different: {one} and {other}, {differs}."


def of_training(losses: Sequence[float]) -> str:
    """The loss at the begin and at the end."""
    if len(losses) == 1:
        return f"Mean loss of the only epoch: {value(losses[0])} nats a row."
    first, last = value(losses[0]), value(losses[-1])
    return f"Mean loss: {first} nats a row in epoch 1, {last} in epoch {len(losses):,}."


def of_sets(splits: Mapping[str, SplitCheck]) -> str:
    """Rows of each set."""
    counts = ", ".join(f"{name} {check.rows:,}" for name, check in splits.items())
    return f"Rows of the sets: {counts}."


def in_time_rows(report: QualityReport) -> list[tuple[str, float | None, float | None]]:
    """Metrics of whole lives: title, synthetic, and its rows shuffled."""
    titles = {
        "autocorrelation_error": "error of autocorrelation, lags 1 to 10",
        "noise_autocorrelation_error": "the same without the trend (noise only)",
        "cross_correlation_error": "error of correlation between sensors, lags 0 to 5",
        "monotonicity": "monotonicity of health",
    }
    return [
        (title, getattr(report.in_time, name), getattr(report.shuffled_baseline, name))
        for name, title in titles.items()
    ]


def _with_unit(name: str, unit: str) -> str:
    sign = unit_sign(unit)
    return f"{words(name)} in {sign}" if sign else words(name)


def _middle_half(edges: Sequence[float], counts: Sequence[int]) -> tuple[float, float]:
    """The first and the third quartile, to within a bin."""
    below = np.concatenate([[0.0], np.cumsum(counts)]) / (sum(counts) or 1)
    low, high = np.interp([0.25, 0.75], below, edges)
    return float(low), float(high)
