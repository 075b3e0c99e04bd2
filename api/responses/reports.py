"""The quality report as answers describe it. It is sent as `assess_quality` wrote it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Reference(BaseModel):
    """A value to compare a metric with."""

    value: float
    meaning: str = Field(description="What has that value.")


class Gate(BaseModel):
    """A metric that decides the verdict, and its limits.

    The report also has the keys of version 0.1, `name` and `figure`.
    """

    metric: str
    value: float | None = Field(description="Null if there is too little data.")
    good: float
    usable: float
    light: Literal["good", "usable", "poor", "not judged"]
    more_is_better: bool = Field(False, description="Whether the limits are the smallest values.")
    question: str = Field("", description="What the metric answers.")
    answer: str = Field("", description="The answer to the question, without the value.")
    number: str = Field("", description="The value in words; empty if there is none.")
    reference: Reference | None = None


class Histogram(BaseModel):
    """Rows of the seed and of the train set, counted in the same bins."""

    name: str = Field(description="A sensor, or `rul_hours`.")
    unit: str
    edges: list[float] = Field(description="Ends of the bins, one more than there are bins.")
    seed: list[int]
    synthetic: list[int]


class Life(BaseModel):
    """Readings of a sensor over one life, thinned; the extremes of each stretch are kept."""

    unit_id: int
    failure_mode: str
    hours: float
    life_fraction: list[float] = Field(description="0 (new) to 1 (failed).")
    readings: list[float]


class SensorLives(BaseModel):
    """One life of the seed and a synthetic one."""

    name: str
    unit: str
    normal: tuple[float, float]
    failure: float | None = Field(description="Null for a sensor without a trend.")
    seed: Life
    synthetic: Life


class CorrelationDifference(BaseModel):
    """The Spearman correlation of two columns in both data sets."""

    columns: tuple[str, str]
    seed: float
    synthetic: float


class Correlations(BaseModel):
    """Spearman correlations of all pairs of RUL and sensors."""

    names: list[str] = Field(description="Columns, in the order of the matrices.")
    seed: list[list[float]]
    synthetic: list[list[float]]
    largest: list[CorrelationDifference] = Field(
        description="The ten pairs that differ most, the largest difference first."
    )


class SplitFigures(BaseModel):
    """What a synthetic set has; the report also has its checks."""

    rows: int
    units: int
    failure_modes: dict[str, int] = Field(description="Units by failure mode.")


class Comparison(BaseModel):
    """What plots of seed and train set show."""

    histograms: list[Histogram]
    lives: list[SensorLives]
    correlations: Correlations


class Worth(BaseModel):
    """Errors of RUL forecasts on units that were not known, with and without synthetic lives."""

    tested_on: str = Field(description="These units.")
    known_rmse_hours: float = Field(description="Learnt from the known lives alone.")
    rmse_hours: float = Field(description="Learnt from known and synthetic lives.")
    low: float = Field(description="Lower end of the 95 % interval of the ratio of both.")
    high: float = Field(description="Its upper end.")


class QualityReport(BaseModel):
    """The verdict on the newest synthetic sets, and all the metrics that it is based on.

    Reports of version 0.1 have no `verdict`, `worth` or `comparison`, and fewer keys in `gates`;
    they have a `quality_score`, which decides nothing.
    """

    model_config = ConfigDict(extra="allow")

    machine_id: str
    profile_sha256: str
    passed: bool = Field(description="Whether the sets may be used.")
    with_care: bool = Field(
        False, description="They differ from the seed; as a rule they help a RUL model."
    )
    verdict: str = Field("", description="The verdict in one sentence.")
    reasons: list[str] = Field(description="Why it did not pass.")
    notes: list[str]
    splits: dict[str, SplitFigures] = Field({}, description="By set: train, val, test.")
    gates: list[Gate]
    worth: Worth | None = None
    comparison: Comparison | None = None
