"""The training loop: shuffled batches, one cycle of the learning rate, a late divergence."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from GAN.config.tvae_config import TvaeConfig
from GAN.tvae.autoencoder import Autoencoder
from GAN.tvae.device import device_for

#: Share of the training in which the learning rate rises; then it falls along a cosine.
WARM_UP = 0.1
LAST_RATE = 0.002
#: Highest learning rate: this by the root of the number of steps, and never more than the other.
RATE, MOST_RATE = 0.5, 0.025
#: Share of the training in which the divergence gets its weight: a code that costs from the start
#: is not used at all.
DIVERGENCE_WARM_UP = 0.3

#: A batch is `rows / STEPS`, between these, unless the settings say otherwise.
FEWEST_STEPS, MOST_STEPS = 20, 200
SMALLEST_BATCH, BATCH, LARGEST_BATCH = 16, 256, 4_096


def batch_size(rows: int) -> int:
    """Rows of a gradient step: 256, fewer for a small table, more for a large one."""
    small = max(SMALLEST_BATCH, rows // FEWEST_STEPS)
    large = min(LARGEST_BATCH, rows // MOST_STEPS)
    return min(rows, max(min(BATCH, small), large))


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread.

    A second one gains little at this size, and where other programs are busy, too, it waits for its
    turn at every step while the first one spins: seconds become minutes.
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
        generator: Source of all that is random, on the CPU: the same numbers on every device.
        on_epoch: Told the mean loss of each epoch, nats a row.
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
        on_epoch(float(total) / steps)
    return model


def learning_rate(steps: int) -> float:
    """Highest learning rate of a training: the longer it is, the lower, or it never settles."""
    return min(MOST_RATE, RATE / math.sqrt(steps))


def rate(done: float) -> float:
    """Learning rate as a share of the highest, after a share of the training.

    Smith and Topin, Super-Convergence (2018): one rise and one long fall.
    """
    if done < WARM_UP:
        return max(done / WARM_UP, LAST_RATE)
    fallen = (done - WARM_UP) / (1.0 - WARM_UP)
    return max(0.5 * (1.0 + math.cos(math.pi * fallen)), LAST_RATE)


class _Adam:
    """Adam in one call over flat parameters; torch's class looks at each tensor in Python."""

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
