"""Choice of the device: a GPU if there is one and this training is faster on it."""

from __future__ import annotations

import time
from collections.abc import Sequence

import torch
from torch import Tensor

from GAN.config.tvae_config import TvaeConfig
from GAN.tvae.autoencoder import Autoencoder

#: Approximate cost of the first use of a GPU; a training that is shorter on the CPU stays there.
GPU_START_SECONDS = 10.0
#: Steps that are timed, after the same number of warm-up steps.
TIMED_STEPS = 10

CPU = torch.device("cpu")


def device_for(
    rows: Tensor, channels: int, labels: Sequence[int], config: TvaeConfig, batch: int, steps: int
) -> torch.device:
    """The faster device for a training, measured with a few steps on each.

    A network this small uses only a fraction of a GPU, so a GPU is faster only with large batches.
    The size of the table alone does not decide, so the steps are timed.

    Args:
        rows: The table's channels, shape (rows, `row_width`).
        channels: Continuous channels.
        labels: Number of labels of each block.
        config: Settings.
        batch: Rows of a step.
        steps: Number of steps of the whole training.
    """
    if not torch.cuda.is_available():
        return CPU
    gpu = torch.device("cuda")
    some = rows[:batch]
    on_cpu = seconds_a_step(some, channels, labels, config, CPU)
    if on_cpu * steps < GPU_START_SECONDS:
        return CPU
    return gpu if seconds_a_step(some, channels, labels, config, gpu) < on_cpu else CPU


def seconds_a_step(
    batch: Tensor, channels: int, labels: Sequence[int], config: TvaeConfig, device: torch.device
) -> float:
    """Mean time of a step on a device, without the warm-up."""
    generator = torch.Generator().manual_seed(0)
    model = Autoencoder(channels, labels, config.hidden, config.latent, generator, device)
    batch = batch.to(device)
    began = 0.0
    for step in range(2 * TIMED_STEPS):
        normals = torch.randn(len(batch), config.latent, generator=generator).to(device)
        loss = model.loss(batch, normals, 1.0)
        if step == TIMED_STEPS - 1:
            float(loss)  # Waits until the device has finished.
            began = time.perf_counter()
    float(loss)
    return (time.perf_counter() - began) / TIMED_STEPS
