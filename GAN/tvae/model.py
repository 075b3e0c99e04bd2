"""A trained model of a table: its columns, the decoder, and the latent distribution."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from errors import StageError
from GAN.config.tvae_config import TvaeConfig
from GAN.tvae.aggregate_posterior import LatentDistribution, fit_latent_distribution
from GAN.tvae.column_fitting import describe
from GAN.tvae.columns import Column, Numbers, from_channels, to_channels

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor

    from GAN.tvae.autoencoder import Autoencoder
    from GAN.tvae.training import Diverged

Array = NDArray[np.float32]

#: Rows that are converted to or from channels at once, and rows that are encoded at once.
CHUNK, BATCH = 50_000, 4_096
#: Rows whose codes the latent distribution is fitted to.
DISTRIBUTION_ROWS = 20_000


@dataclass(frozen=True)
class TableModel:
    """Everything that is needed to sample rows, as arrays.

    Attributes:
        columns: The table's columns in order.
        latent_distribution: What the codes of sampled rows are drawn from.
        layers: Weight and bias of the decoder's layers.
        noise: Standard deviation of each continuous channel, shape (channels,).
        losses: Mean loss of each epoch, nats per row.
        device: The device of the training.
    """

    columns: tuple[Column, ...]
    latent_distribution: LatentDistribution
    layers: tuple[tuple[Array, Array], ...]
    noise: Array
    losses: tuple[float, ...]
    device: str = "cpu"

    def sample(self, rows: int, seed: int) -> pd.DataFrame:
        """Sample rows with the columns and dtypes of the table.

        Args:
            rows: Number of rows, 1 or more.
            seed: Random seed. The same model, rows and seed give the same data.
        """
        import pandas as pd

        rng = np.random.default_rng(seed)
        counts = [min(CHUNK, rows - start) for start in range(0, rows, CHUNK)]
        parts = [self._sample(count, rng) for count in counts]
        return parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)

    def _sample(self, rows: int, rng: np.random.Generator) -> pd.DataFrame:
        codes = self.latent_distribution.draw(rows, rng)
        continuous = np.empty((rows, len(self.noise)), np.float32)
        chosen: list[list[NDArray[np.intp]]] = []
        for start in range(0, rows, BATCH):  # Small enough for the CPU cache.
            part = slice(start, start + BATCH)
            mean, factor, logits = self.decode(codes[part])
            factor *= self.noise
            factor *= rng.standard_normal(mean.shape, np.float32)
            np.add(mean, factor, out=continuous[part])
            # The Gumbel-max trick: draws each label with its probability.
            chosen.append([(block + rng.gumbel(size=block.shape)).argmax(1) for block in logits])
        labels = [np.concatenate(parts) for parts in zip(*chosen, strict=True)]
        return from_channels(continuous, labels, self.columns)

    def means(self, codes: Array) -> dict[str, NDArray[np.float64]]:
        """Mean channel of each column of numbers for given codes, by the column's name.

        Args:
            codes: Shape (rows, latent).

        Returns:
            Each of shape (rows,); zeros for a constant column.
        """
        channels = iter(self.decode(codes)[0].T.astype(np.float64))
        return {
            column.name: next(channels) if column.width else np.zeros(len(codes))
            for column in self.columns
            if isinstance(column, Numbers)
        }

    def decode(self, codes: Array) -> tuple[Array, Array, list[Array]]:
        """Means and noise factors, each (rows, channels), and the logits of each label block."""
        from GAN.tvae.autoencoder import MOST_NOISE_FACTOR

        decoded = codes
        for weight, bias in self.layers[:-1]:
            decoded = np.maximum(decoded @ weight.T + bias, 0.0)
        weight, bias = self.layers[-1]
        decoded = decoded @ weight.T + bias
        count = len(self.noise)
        factor = np.exp(decoded[:, count : 2 * count].clip(-MOST_NOISE_FACTOR, MOST_NOISE_FACTOR))
        widths = [column.labels for column in self.columns if column.labels]
        logits = np.split(decoded[:, 2 * count :], np.cumsum(widths)[:-1], axis=1) if widths else []
        return decoded[:, :count], factor, logits


def fit_model(
    frame: pd.DataFrame,
    config: TvaeConfig,
    seed: int,
    on_epoch: Callable[[float], None],
    limits: Mapping[str, tuple[float, float]] | None = None,
) -> TableModel:
    """Train a model on a table.

    Args:
        frame: Numbers, categories and booleans, with or without gaps; at least 2 rows.
        config: Settings of the training.
        seed: Random seed. The same table, settings and seed give the same model, bit for bit.
        on_epoch: Called with the mean loss of each epoch.
        limits: Smallest and largest possible value by column.

    Raises:
        StageError: The training diverged.
    """
    import torch

    from GAN.tvae.autoencoder import row_width
    from GAN.tvae.training import Diverged, fit

    rng = np.random.default_rng(seed)
    generator = torch.Generator().manual_seed(seed)
    columns = describe(frame, limits or {}, rng)
    channels = sum(column.width for column in columns)
    labels = [column.labels for column in columns if column.labels]
    losses: list[float] = []

    def heard(loss: float) -> None:
        losses.append(loss)
        on_epoch(loss)

    with torch.inference_mode():
        rows = torch.from_numpy(_rows(frame, columns, row_width(channels, labels), rng))
        latent = min(config.latent, max(1, channels + sum(labels)))
        shorter = replace(
            config, latent=latent
        )  # More latent dimensions than channels are useless.
        try:
            trained = fit(rows, channels, labels, shorter, generator, heard)
        except Diverged as error:
            raise StageError(_why(error, columns)) from error
        some = rows[np.sort(rng.permutation(len(rows))[:DISTRIBUTION_ROWS])]
        posterior, deviations = _encoded(trained, some)
        latent_distribution = fit_latent_distribution(
            posterior.astype(np.float64), deviations.astype(np.float64), rng
        )
    return TableModel(
        columns=columns,
        latent_distribution=latent_distribution,
        layers=_layers(trained),
        noise=trained.noise.sqrt().cpu().numpy(),
        losses=tuple(losses),
        device=trained.device.type,
    )


def _why(error: Diverged, columns: Sequence[Column]) -> str:
    """One line: where the training diverged, by which column, and what to do."""
    stopped = f"the training diverged in epoch {error.epoch}: loss {error.loss:.3g}"
    if error.channel is None:
        return f"{stopped}; train fewer epochs"
    numbers = [column for column in columns if isinstance(column, Numbers) and column.width]
    worst = numbers[error.channel]
    return (
        f"{stopped}; column '{worst.name}', with values from {worst.values[0]:g} to "
        f"{worst.values[-1]:g}, is furthest off: correct it, leave it out, or train fewer epochs"
    )


def _rows(
    frame: pd.DataFrame, columns: Sequence[Column], width: int, rng: np.random.Generator
) -> Array:
    """The channels of a table, padded with zeros to shape (rows, width), converted in chunks."""
    rows = np.zeros((len(frame), width), np.float32)
    for start in range(0, len(frame), CHUNK):
        part = slice(start, start + CHUNK)
        continuous, blocks = to_channels(frame.iloc[part], columns, rng)
        channels = np.hstack([continuous, *blocks])
        rows[part, : channels.shape[1]] = channels
    return rows


def _encoded(trained: Autoencoder, rows: Tensor) -> tuple[Array, Array]:
    mean, deviation = trained.encode(rows.to(trained.device))
    return mean.cpu().numpy(), deviation.cpu().numpy()


def _layers(trained: Autoencoder) -> tuple[tuple[Array, Array], ...]:
    """The decoder, without the padding of its last layer."""
    *inner, (weight, bias) = trained.decoder.layers
    outer = (weight[: trained.outputs], bias[: trained.outputs])
    return tuple(
        (weight.cpu().numpy().copy(), bias.cpu().numpy().copy()) for weight, bias in (*inner, outer)
    )
