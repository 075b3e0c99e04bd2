"""Judge synthetic sets: are they like the seed data, and are they sound run-to-failure data?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from GAN.config.quality_gates import LIMITS
from GAN.evaluation.fidelity import Likeness, compare_rows, compared_sample
from GAN.evaluation.temporal import InTime, compare_in_time, in_a_bag, movement, noise_order_lost
from GAN.evaluation.utility import Usefulness, usefulness
from GAN.evaluation.validity import SplitCheck, check_split, shared_units
from GAN.profiles.profile import MachineProfile
from GAN.synthesis.unit_effects import Levels, levelled_sensors

if TYPE_CHECKING:
    import pandas as pd


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Light(StrEnum):
    """How a figure stands to its limits."""

    GOOD = "good"
    USABLE = "usable"
    POOR = "poor"
    UNKNOWN = "not judged"


class Gate(_Frozen):
    """One figure that decides.

    Attributes:
        name: Key of `GAN.config.quality_gates.LIMITS`.
        figure: None where the data is too little to say.
        good: Its limit for green.
        usable: Its limit for amber.
        light: What follows.
    """

    name: str
    figure: float | None
    good: float
    usable: float
    light: Light


class SensorTrend(_Frozen):
    """How a sensor goes with RUL, in the seed data and in the synthetic train set.

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


class QualityReport(_Frozen):
    """The verdict on the synthetic sets of one machine, and what it rests on.

    Attributes:
        passed: Whether no gate is poor.
        reasons: Why it did not pass; empty when it did.
        notes: What to know all the same.
        quality_score: Overall SDMetrics score, 0 to 1; it hardly separates good from poor sets and
            decides nothing.
        gates: What decides.
        rows: Figures of rows.
        in_time: Figures of lives.
        in_a_bag: The same figures of the same rows in no order: what order is worth.
        usefulness: RUL learnt from the set; None if it cannot be told.
        sensors: Correlations with RUL.
        splits: What each set holds.
        shared_units: Units that are in more than one set.
    """

    machine_id: str
    profile_sha256: str
    passed: bool
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    quality_score: float
    gates: tuple[Gate, ...]
    rows: Likeness
    in_time: InTime
    in_a_bag: InTime
    usefulness: Usefulness | None
    sensors: tuple[SensorTrend, ...]
    splits: dict[str, SplitCheck]
    shared_units: int

    @property
    def unjudged(self) -> int:
        """Gates for which the data is too little."""
        return sum(gate.light is Light.UNKNOWN for gate in self.gates)


def assess(
    seed: pd.DataFrame,
    synthetic: Mapping[str, pd.DataFrame],
    profile: MachineProfile,
    fresh: pd.DataFrame | None = None,
) -> QualityReport:
    """Judge synthetic sets against the seed data they were learnt from.

    They are compared as readings of a nominal unit (`GAN.synthesis.unit_effects`): a seed has a few
    units, and that
    others have other levels is as it should be.

    Args:
        seed: The seed data.
        synthetic: The sets by name; `train` is compared with the seed data.
        profile: The machine.
        fresh: Units of the machine that nothing was learnt from, to forecast; see
            `GAN.evaluation.utility`.
    """
    levels = Levels(profile, levelled_sensors(seed, profile))
    names = [sensor.name for sensor in profile.sensors]
    nominal_seed = levels.nominal(seed)
    # What is no number is a violation; the other figures are of what is left.
    train = _numbers_only(synthetic["train"], names)
    nominal = levels.nominal(train)
    rows = compare_rows(nominal_seed, nominal, profile)
    seed_moves = movement(nominal_seed, profile)
    in_time, bag_in_time = (
        compare_in_time(seed_moves, movement(frame, profile))
        for frame in (nominal, in_a_bag(nominal, names))
    )
    useful = usefulness(seed, train, in_a_bag(train, names), profile, fresh)
    whole = [name for name in names if (seed[name] % 1 == 0).all()]
    splits = {split: check_split(frame, profile, whole) for split, frame in synthetic.items()}
    shared = shared_units(synthetic)
    gates = tuple(_gates(rows, in_time, bag_in_time, useful, splits, shared))
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
        in_a_bag=bag_in_time,
        usefulness=useful,
        sensors=_trends(compared_sample(nominal_seed), compared_sample(nominal), profile),
        splits=splits,
        shared_units=shared,
    )


def _numbers_only(frame: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    there: pd.DataFrame = frame[np.isfinite(frame[["rul_hours", *names]].to_numpy()).all(axis=1)]
    return there


def _gates(
    rows: Likeness,
    in_time: InTime,
    bag_in_time: InTime,
    useful: Usefulness | None,
    splits: Mapping[str, SplitCheck],
    shared: int,
) -> Iterator[Gate]:
    """Every gate, in the order of `LIMITS`."""
    violations = shared + sum(count for check in splits.values() for count, _ in check.violations())
    figures: dict[str, float | None] = {
        "violations": violations,
        "rows_told_apart": rows.rows_told_apart,
        "windows_told_apart": in_time.windows_told_apart,
        "column_shapes": rows.column_shapes_score,
        "spearman_error": rows.spearman_error,
        "noise_order_lost": noise_order_lost(in_time, bag_in_time),
        "error_ratio": useful.error_ratio if useful else None,
        "range_coverage": min(rows.range_coverage.values()),
        "nearest_neighbour_share": rows.nearest_neighbour_share,
    }
    for name, limit in LIMITS.items():
        figure = figures[name]
        yield Gate(
            name=name,
            figure=figure,
            good=limit.good,
            usable=limit.usable,
            light=_light(figure, limit.good, limit.usable, limit.more_is_better),
        )


def _light(figure: float | None, good: float, usable: float, more_is_better: bool) -> Light:
    if figure is None:
        return Light.UNKNOWN
    if more_is_better:
        figure, good, usable = -figure, -good, -usable
    if figure <= good:
        return Light.GOOD
    return Light.USABLE if figure <= usable else Light.POOR


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
        if gate.light is Light.POOR and gate.name != "violations":
            limit = LIMITS[gate.name]
            side = "below" if limit.more_is_better else "above"
            yield f"{limit.title}: {gate.figure:.3f} is {side} {limit.usable:g}"


def _notes(
    gates: tuple[Gate, ...], splits: Mapping[str, SplitCheck], profile: MachineProfile
) -> Iterator[str]:
    """What is amber or could not be judged, and failure modes that no life of a set ended by."""
    for gate in gates:
        limit = LIMITS[gate.name]
        if gate.light is Light.USABLE:
            yield f"{limit.title}: {gate.figure:.3f}, good is {limit.good:g}"
        if gate.light is Light.UNKNOWN:
            yield f"{limit.title}: not judged: few units, short lives or a long time step"
    for mode in profile.failure_modes:
        without = [split for split, check in splits.items() if not check.failure_modes[mode.name]]
        if without:
            yield f"no life ended by {mode.name} in {', '.join(without)}"


def _trends(
    seed: pd.DataFrame, train: pd.DataFrame, profile: MachineProfile
) -> tuple[SensorTrend, ...]:
    names = [sensor.name for sensor in profile.sensors]
    figures: dict[str, Any] = {}
    for origin, frame in (("seed", seed), ("synthetic", train)):
        columns = frame[["rul_hours", *names]]
        figures[f"pearson_{origin}"] = _with_rul(columns)
        figures[f"spearman_{origin}"] = _with_rul(columns.rank())
    for kind in ("pearson", "spearman"):
        figures[f"{kind}_difference"] = figures[f"{kind}_synthetic"] - figures[f"{kind}_seed"]
    return tuple(
        SensorTrend(
            name=sensor.name,
            unit=sensor.unit,
            **{field: _or_none(values[sensor.name]) for field, values in figures.items()},
        )
        for sensor in profile.sensors
    )


def _with_rul(columns: pd.DataFrame) -> pd.Series[float]:
    """Correlation of each column with RUL; not a number for a constant column."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return columns.corrwith(columns["rul_hours"])


def _or_none(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
