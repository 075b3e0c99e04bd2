"""`make bench-tricks`: ablations of our model, fits that each lack one part."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.gan.__main__ import WIDTH
from benchmarks.gan.measure import Run, measure
from benchmarks.gan.metrics import Fidelity
from benchmarks.gan.systems import ours
from GAN.config.tvae_config import DEFAULT_EPOCHS
from GAN.tvae.aggregate_posterior import LatentDistribution, fit_latent_distribution
from GAN.tvae.autoencoder import Autoencoder

if TYPE_CHECKING:
    from torch import Tensor

Codes = NDArray[np.float64]


def _standard_normal(
    means: Codes, deviations: Codes, rng: np.random.Generator
) -> LatentDistribution:
    """The latent distribution of an ordinary VAE."""
    return fit_latent_distribution(np.zeros_like(means), np.ones_like(deviations), rng)


_error = Autoencoder._error


def _error_of_one_noise(
    autoencoder: Autoencoder, decoded: Tensor, rows: Tensor
) -> tuple[Tensor, Tensor]:
    """The same error, but the noise factors of rows get no gradient."""
    error, gradient = _error(autoencoder, decoded, rows)
    gradient[:, autoencoder.channels : 2 * autoencoder.channels] = 0.0
    return error, gradient


#: Patched attributes and their values by ablation.
WITHOUT: dict[str, dict[str, Any]] = {
    "all of it": {},
    "standard normal codes": {"GAN.tvae.model.fit_latent_distribution": _standard_normal},
    "codes in one cluster": {"GAN.tvae.aggregate_posterior.CLUSTERS": 1},
    "every column by z-score": {"GAN.tvae.column_fitting._score_is_likelier": lambda *_: True},
    "every column by quantiles": {"GAN.tvae.column_fitting._score_is_likelier": lambda *_: False},
    "one noise for all rows": {
        "GAN.tvae.autoencoder.MOST_NOISE_FACTOR": 0.0,
        "GAN.tvae.autoencoder.Autoencoder._error": _error_of_one_noise,
    },
    "noise not followed": {"GAN.tvae.autoencoder.LEAST_NOISE": 1.0},
    "divergence from the start": {"GAN.tvae.training.DIVERGENCE_WARM_UP": 1e-9},
    "one learning rate": {"GAN.tvae.training.rate": lambda _: 0.3},
}


def without(name: str, table: str, seed: int, epochs: int) -> Run:
    """Fit once without a part, and measure."""
    with ExitStack() as changed:
        for attribute, value in WITHOUT[name].items():
            changed.enter_context(patch(attribute, value))
        return measure(table, name, ours, seed, epochs)


@click.command()
@click.option("--seeds", default=2, show_default=True, help="Fits of each ablation on each table.")
@click.option("--json", "target", type=click.Path(path_type=Path), help="Write the results here.")
def main(seeds: int, target: Path | None) -> None:
    """Print the medians over the seeds."""
    names = list(Fidelity.__dataclass_fields__)
    shown = Table("table", "ours, with", *names)
    runs: list[Run] = []
    for table, epochs in {"easy": 10, "hard": DEFAULT_EPOCHS, "skewed": DEFAULT_EPOCHS}.items():
        for name in WITHOUT:
            own = [without(name, table, seed, epochs) for seed in range(seeds)]
            metrics = [median(getattr(run.fidelity, metric) for run in own) for metric in names]
            shown.add_row(table, name, *(f"{metric:.4f}" for metric in metrics))
            runs += own
    Console(width=WIDTH).print(shown)
    if target is not None:
        target.write_text(json.dumps([asdict(run) for run in runs], indent=2))


if __name__ == "__main__":
    main()
