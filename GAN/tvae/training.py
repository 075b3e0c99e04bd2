"""The training loop: shuffled batches, one-cycle learning rate, warm-up of the divergence."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from GAN.config.tvae_config import TvaeConfig
from GAN.tvae.autoencoder import Autoencoder
from GAN.tvae.device import device_for

#: Share of the training in which the learning rate rises; then it falls as a cosine.
WARM_UP = 0.1
LAST_RATE = 0.002
#: Highest learning rate: `RATE` over the root of the number of steps, at most `MOST_RATE`.
RATE, MOST_RATE = 0.5, 0.025
#: Share of the training in which the weight of the divergence rises to 1. With full weight from the
#: start, latent dimensions collapse.
DIVERGENCE_WARM_UP = 0.3

#: A training with a larger loss per channel, nats a row, has diverged. Channels have unit variance,
#: so the loss begins near 1 and falls.
MOST_LOSS = 100.0

#: Bounds of the steps per epoch and of the batch size, unless the settings give a batch size.
FEWEST_STEPS, MOST_STEPS = 20, 200
SMALLEST_BATCH, BATCH, LARGEST_BATCH = 16, 256, 4_096


class Diverged(Exception):
    """The loss grew instead of falling.

    Attributes:
        epoch: The epoch in which it did, from 1.
        loss: Its mean loss, nats a row.
        channel: The continuous channel with the largest error; None if there is none.
    """

    def __init__(self, epoch: int, loss: float, channel: int | None) -> None:
        super().__init__(f"loss {loss:.3g} in epoch {epoch}")
        self.epoch, self.loss, self.channel = epoch, loss, channel


def batch_size(rows: int) -> int:
    """Rows of a gradient step: 256, less for a small table, more for a large one."""
    small = max(SMALLEST_BATCH, rows // FEWEST_STEPS)
    large = min(LARGEST_BATCH, rows // MOST_STEPS)
    return min(rows, max(min(BATCH, small), large))


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit torch to one thread.

    A second thread gains little at this size. On a busy machine it has to wait for a core at every
    step while the first one spins, which turns seconds into minutes.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@one_thread()
def fit(
    rows: Tensor,
    channels: int,
    labels: Sequence[int],
    config: TvaeConfig,
    generator: torch.Generator,
    on_epoch: Callable[[float], None],
) -> Autoencoder:
    """Train an autoencoder.

    Args:
        rows: The channels of the table, shape (rows, `row_width`).
        channels: Continuous channels.
        labels: Number of labels of each block.
        config: Settings.
        generator: Random numbers, drawn on the CPU so that they are the same on every device.
        on_epoch: Called with the mean loss of each epoch, nats per row.

    Raises:
        Diverged: At the end of the first epoch whose loss is too large, or no number.
    """
    batch = config.batch_size or batch_size(len(rows))
    steps = len(rows) // batch
    device = device_for(rows, channels, labels, config, batch, config.epochs * steps)
    rows = rows.to(device)
    model = Autoencoder(channels, labels, config.hidden, config.latent, generator, device)
    highest = config.learning_rate or learning_rate(config.epochs * steps)
    optimiser = _Adam(model.parameters, model.gradient)
    for epoch in range(config.epochs):
        order = torch.randperm(len(rows), generator=generator).to(device)
        total = torch.zeros((), device=device)
        for step in range(steps):
            done = (epoch * steps + step) / (config.epochs * steps)
            normals = torch.randn(batch, config.latent, generator=generator).to(device)
            chosen = rows[order[step * batch : (step + 1) * batch]]
            total += model.loss(chosen, normals, min(1.0, done / DIVERGENCE_WARM_UP))
            optimiser.step(highest * rate(done))
        loss = float(total) / steps
        if not loss <= MOST_LOSS * max(1, rows.shape[1]):
            raise Diverged(epoch + 1, loss, worst_channel(model, rows[:LARGEST_BATCH]))
        on_epoch(loss)
    return model


def worst_channel(model: Autoencoder, rows: Tensor) -> int | None:
    """The continuous channel that the model reproduces worst; None if there is none.

    The errors are not divided by the noise: once a channel diverges, it spoils the codes, and the
    others are further off in terms of their smaller noise.

    Args:
        model: An autoencoder.
        rows: Channels, shape (rows, `row_width`).
    """
    if model.channels == 0:
        return None
    mean, _ = model.encode(rows)
    expected, _, _ = model.decode(mean)
    errors = (expected - rows[:, : model.channels]).square().mean(0)
    if not bool(errors.isfinite().all()):  # All weights are lost, so only the rows are left.
        errors = rows[:, : model.channels].abs().amax(0)
    return int(errors.argmax())


def learning_rate(steps: int) -> float:
    """Highest learning rate: lower for longer trainings, so that they converge."""
    return min(MOST_RATE, RATE / math.sqrt(steps))


def rate(done: float) -> float:
    """Learning rate relative to the highest, after a share of the training.

    One-cycle policy of Smith and Topin, Super-Convergence (2018): one rise and one long fall.
    """
    if done < WARM_UP:
        return max(done / WARM_UP, LAST_RATE)
    fallen = (done - WARM_UP) / (1.0 - WARM_UP)
    return max(0.5 * (1.0 + math.cos(math.pi * fallen)), LAST_RATE)


class _Adam:
    """Adam on flat parameters in one call; torch's class iterates over tensors in Python."""

    def __init__(self, parameters: Tensor, gradient: Tensor) -> None:
        self._tensors = [parameters], [gradient]
        self._moments = [torch.zeros_like(parameters)], [torch.zeros_like(parameters)]
        self._count = torch.zeros((), device=parameters.device)

    def step(self, learning_rate: float) -> None:
        self._count += 1
        torch._fused_adam_(
            *self._tensors,
            *self._moments,
            [],
            [self._count],
            lr=learning_rate,
            beta1=0.9,
            beta2=0.99,
            weight_decay=0.0,
            eps=1e-6,
            amsgrad=False,
            maximize=False,
        )
