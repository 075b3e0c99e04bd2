"""The model of one machine: training, saving and loading.

A model of rows learns life fraction, failure mode and the sensors of single rows, with the readings
of a nominal unit (`GAN.synthesis.unit_effects`). A model of lives learns how units degrade. RUL,
time and unit are not learnt: they follow from the planned lives when data is generated.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from errors import StageError
from GAN.config.limits import MAX_RANDOM_SEED, MIN_RANDOM_SEED, check_count
from GAN.config.tvae_config import TVAE_ROWS, TvaeConfig, progress_interval
from GAN.datasets.provenance import SeedOrigin
from GAN.datasets.real_units import RealUnits
from GAN.files import replacing
from GAN.profiles.profile import MachineProfile
from GAN.progress import Progress
from GAN.simulation.lifetime_distribution import LifetimeDistribution
from GAN.synthesis.latent_trajectories import Trajectories
from GAN.synthesis.life_model import LifeModel, feature_names, nominal_readings, physical_limits
from GAN.synthesis.serialization import deserialized_fields, serialized
from GAN.synthesis.structure import structure
from GAN.tvae.columns import Numbers
from GAN.tvae.model import TableModel, fit_model

if TYPE_CHECKING:
    import pandas as pd

#: Name of the one table in SDV's metadata.
TABLE = "table"
#: Attribute of the stock synthesizer that holds our own model, in built-in types.
_OURS = "fleetforge_model"


@dataclass(frozen=True)
class MachineModel:
    """A trained model of a machine.

    Attributes:
        table: The model of its rows.
        lives: The model of its lives.
        origin: The seed that it was trained on; None if unknown.
    """

    table: TableModel
    lives: LifeModel
    origin: SeedOrigin | None = None

    @property
    def features(self) -> list[str]:
        """Columns of the rows, in order."""
        return [column.name for column in self.table.columns]


@dataclass(frozen=True)
class TrainedModel:
    """A trained model and facts about its training.

    Attributes:
        model: Our model.
        synthesizer: The same as a stock `sdv.single_table.TVAESynthesizer`, which contains ours.
        loss_history: Mean loss of each epoch, nats per row.
        training_time_seconds: Wall-clock time from the table to both models.
        num_features: Columns that the model was trained on.
        device: The device of the training.
    """

    model: MachineModel
    synthesizer: Any
    loss_history: tuple[float, ...]
    training_time_seconds: float
    num_features: int
    device: str

    @property
    def final_loss(self) -> float:
        """Mean loss of the last epoch."""
        return self.loss_history[-1]

    @property
    def structure(self) -> tuple[str, ...]:
        """What it found in the lives of the seed; see `GAN.synthesis.structure`."""
        return structure(self.model.lives)


def sdv_metadata(profile: MachineProfile) -> dict[str, Any]:
    """SDV metadata of the training table, as JSON data; nothing is auto-detected."""
    columns = {
        name: {"sdtype": "categorical" if name == "failure_mode" else "numerical"}
        for name in feature_names(profile)
    }
    return {
        "tables": {TABLE: {"columns": columns}},
        "relationships": [],
        "METADATA_SPEC_VERSION": "V2",
    }


def train(
    seed_data: pd.DataFrame,
    profile: MachineProfile,
    config: TvaeConfig,
    seed: int,
    progress: Progress,
    origin: SeedOrigin | None = None,
    real: RealUnits | None = None,
) -> TrainedModel:
    """Fit a TVAE.

    Args:
        seed_data: A seed data set of this profile.
        profile: Describes the columns.
        config: Settings of the training.
        seed: Random seed, 0 or greater. The same data, settings and seed give the same model.
        progress: Receives the epoch and its mean loss, ten times per training.
        origin: Origin of the seed data, saved with the model.
        real: Its real units, from which the model learns how long units live and how they
            differ; None if all are simulated.

    Returns:
        The fitted model.

    Raises:
        InvalidInput: `seed` is out of range.
        StageError: The seed data set was made from another profile, or the training diverged.
    """
    from GAN.tvae.export.sdv import to_stock

    check_count("seed", seed, MIN_RANDOM_SEED, MAX_RANDOM_SEED)
    started = time.perf_counter()
    frame = nominal_readings(seed_data, profile, real)
    every = progress_interval(config.epochs)
    epochs = iter(range(1, config.epochs + 1))

    def on_epoch(loss: float) -> None:
        epoch = next(epochs)
        if epoch % every == 0 or epoch == config.epochs:
            message = f"epoch {epoch} of {config.epochs}, loss {loss:.3f}"
            progress(100 * epoch / config.epochs, message, epoch=epoch, loss=loss)

    rows = _learnt_rows(frame, seed) if real is None else frame
    progress(0, f"learning {len(rows):,} rows of {rows.shape[1]} columns")
    limits = {"life_fraction": (0.0, 1.0)} | physical_limits(profile)
    table = fit_model(rows, config, seed, on_epoch, limits)
    lives = LifeModel.fit(seed_data, frame, _sensor_columns(table), profile, real)
    synthesizer = to_stock(table, rows, sdv_metadata(profile), TABLE, config.epochs)
    model = MachineModel(table, lives, origin)
    parts = {field.name: serialized(getattr(model, field.name)) for field in fields(model)}
    setattr(synthesizer, _OURS, parts)
    return TrainedModel(
        model=model,
        synthesizer=synthesizer,
        loss_history=table.losses,
        training_time_seconds=time.perf_counter() - started,
        num_features=frame.shape[1],
        device=table.device,
    )


def _learnt_rows(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """A random sample of a simulated seed: new rows cost nothing there, but learning them does."""
    if len(frame) <= TVAE_ROWS:
        return frame
    chosen = np.random.default_rng(seed).choice(len(frame), TVAE_ROWS, replace=False)
    return frame.iloc[np.sort(chosen)].reset_index(drop=True)


def _sensor_columns(table: TableModel) -> list[Numbers]:
    """All columns of numbers but the life fraction, which is the first."""
    return [column for column in table.columns[1:] if isinstance(column, Numbers)]


def save(synthesizer: Any, path: Path) -> None:
    """Write a fitted synthesizer as a pickle, atomically; missing folders are created."""
    with replacing(path) as part:
        synthesizer.save(part)


def load(path: Path) -> MachineModel:
    """Read a model that `save` wrote.

    Loading a pickle can run any code: load only a model that you made, or whose SHA-256 matches the
    one that was recorded when it was made.

    Raises:
        FileNotFoundError: There is no such file.
        StageError: It contains no model that this version can read.
    """
    from sdv.utils import load_synthesizer

    written = getattr(load_synthesizer(path), _OURS, {})
    try:
        parts = deserialized_fields("MachineModel", written)
        return MachineModel(**parts) if "lives" in parts else _of_latent_trajectories(**parts)
    except (KeyError, TypeError):  # Unknown classes or fields.
        raise StageError(
            f"{path.name} was not made by this version of Fleetforge or by 0.1: train it again"
        ) from None


def _of_latent_trajectories(
    table: TableModel,
    trajectories: Trajectories,
    unit_effect_sensors: tuple[str, ...],
    origin: SeedOrigin | None = None,
    lifetimes: LifetimeDistribution | None = None,
) -> MachineModel:
    """A model of version 0.1."""
    converted = trajectories.converted(table)
    columns = tuple(_sensor_columns(table))
    return MachineModel(
        table, LifeModel(columns, converted, unit_effect_sensors, lifetimes), origin
    )
