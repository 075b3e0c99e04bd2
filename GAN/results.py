"""Return values of the steps of `GAN.manager`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class SeedResult:
    """A seed data set, and the SDV metadata of the table that the model is trained on.

    Attributes:
        num_features: Columns of that table: life fraction, failure mode and the sensors.
    """

    path: Path
    metadata_path: Path
    rows: int
    units: int
    num_features: int
    time_step_hours: float


@dataclass(frozen=True)
class TrainingResult:
    """A trained model.

    Attributes:
        path: The model file.
        epochs: Passes of the training over the seed.
        final_loss: Mean loss of the last epoch, nats per row.
        loss_history: That of each epoch.
        training_time_seconds: Wall-clock time of the training.
        num_features: Columns that it was trained on.
        device: The device of the training.
        structure: Regimes, groups of units, cycles and counters in the seed, a sentence each.
    """

    path: Path
    epochs: int
    final_loss: float
    loss_history: tuple[float, ...]
    training_time_seconds: float
    num_features: int
    device: str
    structure: tuple[str, ...] = ()


@dataclass(frozen=True)
class ModelMetadata:
    """What the files say about a trained model; None for a fact they do not have.

    Attributes:
        path: The model file.
        sha256: Of the model file.
        epochs: Passes of the training over the seed.
        final_loss: Mean loss of the last epoch, nats per row.
        training_time_seconds: Wall-clock time of the training.
        rows: Rows of the seed that it was trained on.
    """

    path: Path
    sha256: str
    epochs: int
    final_loss: float | None
    training_time_seconds: float | None
    rows: int | None


@dataclass(frozen=True)
class GenerationResult:
    """Synthetic sets: path, rows and number of lives by set name."""

    paths: Mapping[str, Path]
    rows: Mapping[str, int]
    units: Mapping[str, int]
    time_step_hours: float


@dataclass(frozen=True)
class PredictorResult:
    """A trained predictor.

    Attributes:
        version: Number in the file's name.
        learnt_from: The lives that it learnt from.
        units: Number of these lives.
        scores: Metrics on units that it has not seen; see `GAN.prognosis.evaluation.Evaluation`.
        no_forecast: Why it gives no RUL; None if it does.
        condition_basis: What the conditions of units depend on; see `GAN.prognosis.tracking`.
        prior: The prediction of a new unit, as JSON.
        against: Why it does not replace the version that it was compared with; empty if it does.
    """

    path: Path
    card_path: Path
    version: int
    learnt_from: str
    units: int
    scores: Mapping[str, float]
    training_time_seconds: float
    no_forecast: str | None
    condition_basis: str
    prior: Mapping[str, Any]
    against: str = ""


@dataclass(frozen=True)
class QualityResult:
    """The verdict on the synthetic sets, and the paths of its report.

    Attributes:
        quality_score: Overall SDMetrics score, 0 to 1, for the table of trainings; the verdict does
            not depend on it.
    """

    report_path: Path
    page_path: Path
    quality_score: float
    passed: bool
    reasons: tuple[str, ...]
