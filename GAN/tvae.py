"""Train SDV's TVAE on a seed data set and keep the result as a pickle that stock SDV reads.

The model learns life fraction, failure mode and the sensors of single rows. RUL, time and unit
follow from the planned lives when data is generated, so they are never learnt.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from errors import StageError
from GAN.config.tvae_config import TvaeConfig, check_count, progress_interval
from GAN.files import replacing
from GAN.lives import life_fraction
from GAN.profile import MachineProfile
from GAN.progress import Progress

if TYPE_CHECKING:
    import pandas as pd

#: Name of the one table in SDV's metadata.
TABLE = "table"


@dataclass(frozen=True)
class TrainedModel:
    """A fitted synthesizer and how its training went.

    Attributes:
        synthesizer: A stock `sdv.single_table.TVAESynthesizer`.
        loss_history: Mean loss of each epoch.
        training_time_seconds: Wall-clock time of preparing the table and fitting.
        num_features: Columns the model learnt.
        device: What it was trained on, `cpu` or the accelerator's name.
    """

    synthesizer: Any
    loss_history: tuple[float, ...]
    training_time_seconds: float
    num_features: int
    device: str

    @property
    def final_loss(self) -> float:
        """Mean loss of the last epoch."""
        return self.loss_history[-1]


def feature_names(profile: MachineProfile) -> list[str]:
    """Columns that the model learns, in order."""
    return ["life_fraction", "failure_mode", *(sensor.name for sensor in profile.sensors)]


def sdv_metadata(profile: MachineProfile) -> dict[str, Any]:
    """SDV's description of the training table, JSON-able; written by hand, nothing is detected."""
    columns = {
        name: {"sdtype": "categorical" if name == "failure_mode" else "numerical"}
        for name in feature_names(profile)
    }
    return {
        "tables": {TABLE: {"columns": columns}},
        "relationships": [],
        "METADATA_SPEC_VERSION": "V2",
    }


def training_frame(seed: pd.DataFrame, profile: MachineProfile) -> pd.DataFrame:
    """The rows of a seed data set as the model sees them.

    Args:
        seed: A seed data set of this profile.
        profile: Names the sensors.

    Returns:
        Columns life_fraction (0 to 1), failure_mode and the sensors; one row a seed row.

    Raises:
        StageError: The seed data set was made from another profile.
    """
    table = seed.assign(life_fraction=life_fraction(seed))
    missing = [name for name in feature_names(profile) if name not in table]
    if missing:
        raise StageError(
            f"the seed data of {profile.machine_id} lacks {', '.join(missing)}: "
            "make it again from this profile"
        )
    return table[feature_names(profile)]


def train(
    frame: pd.DataFrame,
    profile: MachineProfile,
    config: TvaeConfig,
    seed: int,
    progress: Progress,
) -> TrainedModel:
    """Fit a TVAE, on the GPU if there is one.

    Args:
        frame: What `training_frame` gives.
        profile: Describes the columns.
        config: Settings of the training.
        seed: Any whole number from 0; same frame, settings, seed and device, same model.
        progress: Told the device, then the epoch and its mean loss ten times a training.

    Returns:
        The fitted model.

    Raises:
        InvalidInput: `seed` is out of range.
        StageError: The training diverged.
    """
    from joblib import parallel_config  # type: ignore[import-untyped]
    from sdv.metadata import Metadata
    from sdv.single_table import TVAESynthesizer

    check_count("seed", seed, 0, 2**32 - 1)
    started = time.perf_counter()
    losses: list[float] = []
    every = progress_interval(config.epochs)

    def on_epoch(loss: float) -> None:
        losses.append(loss)
        epoch = len(losses)
        if epoch % every == 0 or epoch == config.epochs:
            message = f"epoch {epoch} of {config.epochs}, loss {loss:.3f}"
            progress(100 * epoch / config.epochs, message, epoch=epoch, loss=loss)

    # ctgan would start a pool of processes for a second of work. The warning is about metadata
    # that was not saved to a file yet.
    with parallel_config(backend="sequential"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*saving the metadata.*")
        synthesizer = TVAESynthesizer(
            Metadata.load_from_dict(sdv_metadata(profile)),
            enforce_rounding=False,
            enable_gpu=True,
            **asdict(config),
        )
        device = _fit_watched(synthesizer, frame, seed, on_epoch, progress)
    if not np.isfinite(losses).all():
        raise StageError(f"the training of {profile.machine_id} diverged: loss {losses[-1]}")
    return TrainedModel(
        synthesizer=synthesizer,
        loss_history=tuple(losses),
        training_time_seconds=time.perf_counter() - started,
        num_features=frame.shape[1],
        device=device,
    )


def _fit_watched(
    synthesizer: Any,
    frame: pd.DataFrame,
    seed: int,
    on_epoch: Callable[[float], None],
    progress: Progress,
) -> str:
    """Fit a synthesizer, calling back after every epoch, and leave no trace of that in it.

    SDV has no such callback. Its model assigns `loss_values` once an epoch, so a subclass whose
    setter calls back stands in during the fit; then the object gets its stock class again, with
    its attributes where the stock class keeps them.

    Returns:
        The device it was fitted on.
    """
    import torch
    from ctgan import TVAE
    from sdv.single_table.utils import detect_discrete_columns

    class WatchedTVAE(TVAE):  # type: ignore[misc]  # SDV has no type hints
        @property
        def loss_values(self) -> pd.DataFrame:
            table: pd.DataFrame = self.__dict__["loss_values"]
            return table

        @loss_values.setter
        def loss_values(self, table: pd.DataFrame) -> None:
            self.__dict__["loss_values"] = table
            if len(table):
                on_epoch(_epoch_losses(table)[-1])

    model = WatchedTVAE(**synthesizer._model_kwargs)
    device = _device_name(model._device)
    progress(0, f"training on {device}")

    def fit_model(processed: pd.DataFrame) -> None:
        transformers = synthesizer._data_processor._hyper_transformer.field_transformers
        discrete = detect_discrete_columns(synthesizer.metadata, processed, transformers)
        model.set_random_state(seed)
        torch.cuda.manual_seed_all(seed)
        model.fit(processed, discrete_columns=discrete)
        model.__class__ = TVAE
        synthesizer._model = model

    synthesizer._fit = fit_model
    synthesizer.fit({TABLE: frame})
    del synthesizer._fit
    return device


def _device_name(device: Any) -> str:
    import torch

    return torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)


def _epoch_losses(table: pd.DataFrame) -> list[float]:
    return [float(loss) for loss in table.groupby("Epoch")["Loss"].mean()]


def loss_history(synthesizer: Any) -> tuple[float, ...]:
    """Mean loss of each epoch of a fitted synthesizer."""
    return tuple(_epoch_losses(synthesizer.get_loss_values()))


def save(synthesizer: Any, path: Path) -> None:
    """Write a fitted synthesizer as a pickle, all of it or nothing; missing folders are made."""
    with replacing(path) as part:
        synthesizer.save(part)


def load(path: Path) -> Any:
    """Read a synthesizer that `save` wrote.

    A pickle runs whatever its writer wanted: load one only after its SHA-256 was found to be the
    one noted when it was made, or when you made it yourself.

    Raises:
        FileNotFoundError: There is no such file.
    """
    from sdv.utils import load_synthesizer

    return load_synthesizer(path)
