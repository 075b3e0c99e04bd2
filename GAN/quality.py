"""Judge synthetic sets: are they like the seed data, and are they sound run-to-failure data?"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict

from GAN.config.tvae_config import QUALITY_THRESHOLD
from GAN.levels import Levels
from GAN.profile import MachineProfile

if TYPE_CHECKING:
    import pandas as pd

#: Rows of the train set that are compared with the seed data; more change the score by little.
COMPARED_ROWS = 10_000


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


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


class SplitCheck(_Frozen):
    """What one synthetic set holds, and what it must not hold.

    Attributes:
        rows: Number of rows.
        units: Number of lives.
        failure_modes: Lives that each failure mode ended.
        missing: Empty values.
        infinite: Infinite values.
        outside_limits: Readings outside their sensor's physical limits.
        broken_lives: Units whose RUL does not fall by one exact step a row to exactly 0.
    """

    rows: int
    units: int
    failure_modes: dict[str, int]
    missing: int
    infinite: int
    outside_limits: int
    broken_lives: int


class QualityReport(_Frozen):
    """The verdict on the synthetic sets of one machine, and what it rests on.

    Attributes:
        quality_score: Overall SDMetrics score, 0 to 1, of the train set against the seed data.
        column_shapes_score: Mean likeness of single columns.
        column_pair_trends_score: Mean likeness of pairs of columns.
        diagnostic_score: SDMetrics data validity and structure; 1 when nothing is amiss.
        column_shapes: Likeness of each column.
        shared_units: Units that are in more than one set.
        reasons: Why it did not pass; empty when it did.
        notes: What to know all the same.
    """

    machine_id: str
    profile_sha256: str
    passed: bool
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    quality_score: float
    threshold: float
    column_shapes_score: float
    column_pair_trends_score: float
    diagnostic_score: float
    column_shapes: dict[str, float]
    sensors: tuple[SensorTrend, ...]
    splits: dict[str, SplitCheck]
    shared_units: int


class _Scores(NamedTuple):
    quality: float
    column_shapes: float
    column_pair_trends: float
    diagnostic: float
    by_column: dict[str, float]


def assess(
    seed: pd.DataFrame,
    synthetic: Mapping[str, pd.DataFrame],
    profile: MachineProfile,
    threshold: float = QUALITY_THRESHOLD,
) -> QualityReport:
    """Judge synthetic sets against the seed data they were learnt from.

    They are compared as readings of a nominal unit (`GAN.levels`): a seed has a few units, and that
    others have other levels is as it should be.

    Args:
        seed: The seed data.
        synthetic: The sets by name; `train` is compared with the seed data.
        profile: The machine.
        threshold: Least quality score that passes.

    Returns:
        The report. Passed means: the score reaches the threshold and no set has a missing,
        infinite or impossible value, a broken life or a unit of another set.
    """
    levels = Levels(profile)
    nominal_seed, nominal_train = (levels.nominal(frame) for frame in (seed, synthetic["train"]))
    scores = _score(_sample(nominal_seed), _sample(nominal_train), profile)
    splits = {split: _check(frame, profile) for split, frame in synthetic.items()}
    shared = _shared_units(synthetic)
    reasons = tuple(_reasons(scores.quality, threshold, splits, shared))
    return QualityReport(
        machine_id=profile.machine_id,
        profile_sha256=profile.sha256,
        passed=not reasons,
        reasons=reasons,
        notes=tuple(_notes(splits, profile)),
        quality_score=scores.quality,
        threshold=threshold,
        column_shapes_score=scores.column_shapes,
        column_pair_trends_score=scores.column_pair_trends,
        diagnostic_score=scores.diagnostic,
        column_shapes=scores.by_column,
        sensors=_trends(_sample(nominal_seed), _sample(nominal_train), profile),
        splits=splits,
        shared_units=shared,
    )


def _sample(frame: pd.DataFrame) -> pd.DataFrame:
    """At most `COMPARED_ROWS` rows, the same ones every time."""
    if len(frame) <= COMPARED_ROWS:
        return frame
    return frame.sample(COMPARED_ROWS, random_state=0)


def _score(seed: pd.DataFrame, train: pd.DataFrame, profile: MachineProfile) -> _Scores:
    """SDMetrics scores over failure mode, RUL and sensors."""
    from sdmetrics.reports import DiagnosticReport
    from sdmetrics.reports import QualityReport as ScoreReport

    numerical = ["rul_hours", *(sensor.name for sensor in profile.sensors)]
    columns = {name: {"sdtype": "numerical"} for name in numerical}
    columns["failure_mode"] = {"sdtype": "categorical"}
    metadata = {"tables": {"table": {"columns": columns}}}
    data = {"table": seed[list(columns)]}, {"table": train[list(columns)]}
    quality, diagnostic = ScoreReport(), DiagnosticReport()
    # A constant column has no correlation; SDMetrics warns of each pair and leaves it out.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        quality.generate(*data, metadata, verbose=False)
        diagnostic.generate(*data, metadata, verbose=False)
    properties = quality.get_properties().set_index("Property")["Score"]
    details = quality.get_details("Column Shapes", "table").set_index("Column")["Score"]
    return _Scores(
        quality=_score_or_zero(quality.get_score()),
        column_shapes=_score_or_zero(properties["Column Shapes"]),
        column_pair_trends=_score_or_zero(properties["Column Pair Trends"]),
        diagnostic=_score_or_zero(diagnostic.get_score()),
        by_column={str(name): _score_or_zero(score) for name, score in details.items()},
    )


def _score_or_zero(score: Any) -> float:
    return float(score) if math.isfinite(score) else 0.0


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


def _check(frame: pd.DataFrame, profile: MachineProfile) -> SplitCheck:
    numbers = frame[["cycle_hour", "rul_hours", *(sensor.name for sensor in profile.sensors)]]
    outside = sum(
        int(((frame[sensor.name] < limits.min) | (frame[sensor.name] > limits.max)).sum())
        for sensor in profile.sensors
        for limits in [sensor.physical_limits]
    )
    ended_by = frame.groupby("unit_id")["failure_mode"].first().value_counts()
    return SplitCheck(
        rows=len(frame),
        units=int(frame["unit_id"].nunique()),
        failure_modes={
            mode.name: int(ended_by.get(mode.name, 0)) for mode in profile.failure_modes
        },
        missing=int(frame.isna().to_numpy().sum()),
        infinite=int(np.isinf(numbers.to_numpy()).sum()),
        outside_limits=outside,
        broken_lives=_broken_lives(frame),
    )


def _broken_lives(frame: pd.DataFrame) -> int:
    units = frame.groupby("unit_id")
    steps = -units["rul_hours"].diff().dropna()
    if steps.empty:
        return int(frame["unit_id"].nunique())
    odd_step = frame.loc[steps.index[steps != steps.iloc[0]], "unit_id"]
    last = units["rul_hours"].last()
    unfinished = last.index[last != 0.0]
    return len(set(odd_step) | set(unfinished))


def _shared_units(synthetic: Mapping[str, pd.DataFrame]) -> int:
    units = [unit for frame in synthetic.values() for unit in frame["unit_id"].unique()]
    return len(units) - len(set(units))


def _reasons(
    score: float, threshold: float, splits: Mapping[str, SplitCheck], shared_units: int
) -> Iterator[str]:
    """Why the sets do not pass, one line each."""
    if score < threshold:
        yield f"quality score {score:.3f} is below the threshold {threshold:g}"
    if shared_units:
        yield f"{shared_units} units are in more than one set"
    for split, check in splits.items():
        for count, fault in (
            (check.missing, "missing values"),
            (check.infinite, "infinite values"),
            (check.outside_limits, "readings outside their limits"),
            (check.broken_lives, "lives whose RUL does not fall evenly to 0"),
        ):
            if count:
                yield f"{split}: {count:,} {fault}"


def _notes(splits: Mapping[str, SplitCheck], profile: MachineProfile) -> Iterator[str]:
    """Failure modes that no life of a set ended by."""
    for mode in profile.failure_modes:
        without = [split for split, check in splits.items() if not check.failure_modes[mode.name]]
        if without:
            yield f"no life ended by {mode.name} in {', '.join(without)}"
