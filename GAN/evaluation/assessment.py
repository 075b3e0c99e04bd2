"""Judge synthetic sets: do they resemble the seed data, and are they valid run-to-failure data?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import SerializerFunctionWrapHandler, field_validator, model_serializer

from GAN.config.quality_gates import GATES, Limits
from GAN.evaluation.fidelity import Fidelity, compare_rows, compared_sample
from GAN.evaluation.report_part import ReportPart
from GAN.evaluation.temporal import (
    InTime,
    compare_in_time,
    movement,
    relative_noise_autocorrelation_error,
    shuffled_baseline,
)
from GAN.evaluation.utility import Utility, utility
from GAN.evaluation.validity import SplitCheck, check_split, shared_units
from GAN.profiles.profile import MachineProfile
from GAN.synthesis.unit_effects import UnitEffects, sensors_with_unit_effects

if TYPE_CHECKING:
    import pandas as pd


class Light(StrEnum):
    """The result of comparing a metric with its limits."""

    GOOD = "good"
    USABLE = "usable"
    POOR = "poor"
    UNKNOWN = "not judged"


class Gate(ReportPart):
    """One metric that decides whether the sets pass.

    Attributes:
        metric: Key of `GAN.config.quality_gates.GATES`; in reports of version 0.1 `name`, with
            that version's names.
        value: None where there is too little data; in reports of version 0.1 `figure`.
        good: Its limit for green.
        usable: Its limit for amber.
        light: The result.
    """

    renamed: ClassVar = {"value": "figure", "metric": "name"}

    metric: str
    value: float | None
    good: float
    usable: float
    light: Light

    @field_validator("metric")
    @classmethod
    def _of_now(cls, name: str) -> str:
        return next((new for new, gate in GATES.items() if gate.old_name == name), name)

    @model_serializer(mode="wrap")
    def _with_old_keys(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written = super()._with_old_keys(serialize)
        return written | {"name": GATES[self.metric].old_name or self.metric}


class SensorTrend(ReportPart):
    """How a sensor correlates with RUL, in the seed data and in the synthetic train set.

    A correlation is absent where a column is constant. Differences are synthetic minus seed.
    """

    name: str
    unit: str
    pearson_seed: float | None
    pearson_synthetic: float | None
    pearson_difference: float | None
    spearman_seed: float | None
    spearman_synthetic: float | None
    spearman_difference: float | None


class QualityReport(ReportPart):
    """The verdict on the synthetic sets of one machine, and the metrics behind it.

    Attributes:
        passed: Whether no gate is poor.
        reasons: Why the sets did not pass; empty when they did.
        notes: What the user should know even if the sets passed.
        quality_score: Overall SDMetrics score, 0 to 1. It hardly separates good sets from poor
            ones and does not affect the verdict.
        gates: The metrics that decide.
        rows: Metrics of single rows.
        in_time: Metrics of whole lives.
        shuffled_baseline: The metrics of whole lives for the same rows shuffled.
        utility: RUL forecasts trained on the sets; None if the seed has a single unit.
        sensors: Correlations with RUL.
        splits: Contents of each set.
        shared_units: Units that are in more than one set.
    """

    renamed: ClassVar = {"shuffled_baseline": "in_a_bag", "utility": "usefulness"}

    machine_id: str
    profile_sha256: str
    passed: bool
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    quality_score: float
    gates: tuple[Gate, ...]
    rows: Fidelity
    in_time: InTime
    shuffled_baseline: InTime
    utility: Utility | None
    sensors: tuple[SensorTrend, ...]
    splits: dict[str, SplitCheck]
    shared_units: int

    @property
    def unjudged(self) -> int:
        """Number of gates for which there is too little data."""
        return sum(gate.light is Light.UNKNOWN for gate in self.gates)


def assess(
    seed: pd.DataFrame,
    synthetic: Mapping[str, pd.DataFrame],
    profile: MachineProfile,
    fresh: pd.DataFrame | None = None,
) -> QualityReport:
    """Judge synthetic sets against the seed data they were learnt from.

    They are compared as readings of a nominal unit (`GAN.synthesis.unit_effects`): a seed has few
    units, and new units are expected to have other unit effects.

    Args:
        seed: The seed data.
        synthetic: The sets by name; `train` is compared with the seed data.
        profile: The machine.
        fresh: Units of the machine that no model was trained on, to test forecasts on; see
            `GAN.evaluation.utility`.
    """
    effects = UnitEffects(profile, sensors_with_unit_effects(seed, profile))
    names = [sensor.name for sensor in profile.sensors]
    nominal_seed = effects.nominal(seed)
    # Values that are no numbers count as violations; the other metrics use the remaining rows.
    train = _numbers_only(synthetic["train"], names)
    nominal = effects.nominal(train)
    rows = compare_rows(nominal_seed, nominal, profile)
    seed_moves = movement(nominal_seed, profile)
    in_time, shuffled_in_time = (
        compare_in_time(seed_moves, movement(frame, profile))
        for frame in (nominal, shuffled_baseline(nominal, names))
    )
    forecasts = utility(seed, train, shuffled_baseline(train, names), profile, fresh)
    whole = [name for name in names if (seed[name] % 1 == 0).all()]
    splits = {split: check_split(frame, profile, whole) for split, frame in synthetic.items()}
    shared = shared_units(synthetic)
    gates = tuple(_gates(rows, in_time, shuffled_in_time, forecasts, splits, shared))
    reasons = tuple(_reasons(gates, splits, shared))
    return QualityReport(
        machine_id=profile.machine_id,
        profile_sha256=profile.sha256,
        passed=not reasons,
        reasons=reasons,
        notes=tuple(_notes(gates, splits, profile)),
        quality_score=rows.quality_score,
        gates=gates,
        rows=rows,
        in_time=in_time,
        shuffled_baseline=shuffled_in_time,
        utility=forecasts,
        sensors=_trends(compared_sample(nominal_seed), compared_sample(nominal), profile),
        splits=splits,
        shared_units=shared,
    )


def _numbers_only(frame: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    there: pd.DataFrame = frame[np.isfinite(frame[["rul_hours", *names]].to_numpy()).all(axis=1)]
    return there


def _gates(
    rows: Fidelity,
    in_time: InTime,
    shuffled_in_time: InTime,
    forecasts: Utility | None,
    splits: Mapping[str, SplitCheck],
    shared: int,
) -> Iterator[Gate]:
    """Every gate, in the order of `GATES`."""
    violations = shared + sum(count for check in splits.values() for count, _ in check.violations())
    metrics: dict[str, float | None] = {
        "violations": violations,
        "rows_c2st_auc": rows.rows_c2st_auc,
        "windows_c2st_auc": in_time.windows_c2st_auc,
        "column_shapes": rows.column_shapes_score,
        "spearman_error": rows.spearman_error,
        "relative_noise_autocorrelation_error": relative_noise_autocorrelation_error(
            in_time, shuffled_in_time
        ),
        "error_ratio": forecasts.error_ratio if forecasts else None,
        "range_coverage": min(rows.range_coverage.values()),
        "nearest_neighbour_share": rows.nearest_neighbour_share,
    }
    for metric, limits in GATES.items():
        yield Gate(
            metric=metric,
            value=metrics[metric],
            good=limits.good,
            usable=limits.usable,
            light=_light(metrics[metric], limits),
        )


def _light(value: float | None, limits: Limits) -> Light:
    if value is None:
        return Light.UNKNOWN
    sign = -1.0 if limits.more_is_better else 1.0
    if sign * value <= sign * limits.good:
        return Light.GOOD
    return Light.USABLE if sign * value <= sign * limits.usable else Light.POOR


def _reasons(
    gates: tuple[Gate, ...], splits: Mapping[str, SplitCheck], shared: int
) -> Iterator[str]:
    """Why the sets do not pass, one line each."""
    if shared:
        yield f"{shared} units are in more than one set"
    for split, check in splits.items():
        for count, fault in check.violations():
            yield f"{split}: {count:,} {fault}"
    for gate in gates:
        if gate.light is Light.POOR and gate.metric != "violations":
            limits = GATES[gate.metric]
            side = "below" if limits.more_is_better else "above"
            yield f"{limits.title}: {gate.value:.3f} is {side} {limits.usable:g}"


def _notes(
    gates: tuple[Gate, ...], splits: Mapping[str, SplitCheck], profile: MachineProfile
) -> Iterator[str]:
    """Amber gates, gates that could not be judged, and failure modes missing from a set."""
    for gate in gates:
        limits = GATES[gate.metric]
        if gate.light is Light.USABLE:
            yield f"{limits.title}: {gate.value:.3f}, good is {limits.good:g}"
        if gate.light is Light.UNKNOWN:
            yield f"{limits.title}: not judged: few units, short lives or a long time step"
    for mode in profile.failure_modes:
        without = [split for split, check in splits.items() if not check.failure_modes[mode.name]]
        if without:
            yield f"no life ended by {mode.name} in {', '.join(without)}"


def _trends(
    seed: pd.DataFrame, train: pd.DataFrame, profile: MachineProfile
) -> tuple[SensorTrend, ...]:
    names = [sensor.name for sensor in profile.sensors]
    correlations: dict[str, Any] = {}
    for origin, frame in (("seed", seed), ("synthetic", train)):
        columns = frame[["rul_hours", *names]]
        correlations[f"pearson_{origin}"] = _with_rul(columns)
        correlations[f"spearman_{origin}"] = _with_rul(columns.rank())
    for kind in ("pearson", "spearman"):
        difference = correlations[f"{kind}_synthetic"] - correlations[f"{kind}_seed"]
        correlations[f"{kind}_difference"] = difference
    return tuple(
        SensorTrend(
            name=sensor.name,
            unit=sensor.unit,
            **{field: _or_none(values[sensor.name]) for field, values in correlations.items()},
        )
        for sensor in profile.sensors
    )


def _with_rul(columns: pd.DataFrame) -> pd.Series[float]:
    """Correlation of each column with RUL; not a number for a constant column."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return columns.corrwith(columns["rul_hours"])


def _or_none(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
