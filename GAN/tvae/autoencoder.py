"""The variational autoencoder: an encoder, a decoder, and the loss with its gradient.

Kingma and Welling, Auto-Encoding Variational Bayes (2013); for tables Xu et al., Modeling Tabular
Data using Conditional GAN (2019). Unlike there, a channel's noise is not a learnt parameter: it is
the running standard deviation of the decoder's residuals (Rybkin et al., Simple and Effective VAE
Training with Calibrated Decoders, 2021), times a factor that the decoder predicts for each row.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from GAN.tvae.network import Network, parameter_count

#: Layers are padded to a multiple of this width, which makes matrix products up to a third faster.
LANES = 8
#: A channel's noise is at least this share of its spread, so that a channel that is a function of
#: the others does not dominate the loss.
LEAST_NOISE = 0.02
#: Update rate of the running noise variance, per batch.
NOISE_PACE = 0.1
#: Largest logarithm of the factor between a row's noise and its channel's noise.
MOST_NOISE_FACTOR = 3.0
#: Start value and range of the logarithm of a latent variance.
FIRST_LOG_VARIANCE = -2.0
LOG_VARIANCE = (-12.0, 4.0)


class Autoencoder:
    """Encoder and decoder of rows with `channels` numbers and blocks of labels.

    Attributes:
        parameters: All weights, flat.
        outputs: Outputs of the decoder without the padding of its last layer.
        gradient: Gradient of the loss, set by `loss`.
        noise: Variance of the residuals of each continuous channel, shape (channels,).
    """

    def __init__(
        self,
        channels: int,
        labels: Sequence[int],
        hidden: int,
        latent: int,
        generator: torch.Generator,
        device: torch.device,
    ) -> None:
        """Lay out and initialise both networks.

        Args:
            channels: Continuous channels.
            labels: Number of labels of each block.
            hidden: Width of the hidden layer of each network.
            latent: Latent dimensions.
            generator: Draws the initial weights, on the CPU.
            device: The device of the networks; batches must be on it too.
        """
        self.channels, self.latent, self.device = channels, latent, device
        self.blocks = _blocks(channels, labels)
        self.outputs = 2 * channels + sum(labels)
        encoder = [row_width(channels, labels), hidden, 2 * latent]
        decoder = [latent, hidden, in_lanes(self.outputs)]
        split = parameter_count(encoder)
        self.parameters = torch.empty(split + parameter_count(decoder), device=device)
        self.gradient = torch.zeros_like(self.parameters)
        self.encoder = Network(encoder, self.parameters[:split], self.gradient[:split])
        self.decoder = Network(decoder, self.parameters[split:], self.gradient[split:])
        self.noise = torch.ones(channels, device=device)
        self.encoder.initialise(generator)
        self.decoder.initialise(generator)
        self.encoder.layers[-1][1][latent:] = FIRST_LOG_VARIANCE
        weight, bias = self.decoder.layers[-1]
        weight[channels : 2 * channels] *= 0.1
        bias[channels : 2 * channels] = 0.0

    def encode(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of each row's posterior, each of shape (rows, latent)."""
        encoded = self.encoder.forward(rows)
        mean, log_variance = encoded[:, : self.latent], encoded[:, self.latent :]
        return mean, torch.exp(0.5 * log_variance.clamp(*LOG_VARIANCE))

    def decode(self, codes: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Decode codes.

        Returns:
            Mean and standard deviation of the continuous channels, each (rows, channels), and the
            logits of each block of labels, (rows, labels).
        """
        decoded = self.decoder.forward(codes)
        factor = _log_factor(decoded, self.channels).exp()
        spread = factor * self.noise.sqrt()
        logits = [decoded[:, given] for given, _ in self.blocks]
        return decoded[:, : self.channels], spread, logits

    def loss(self, rows: Tensor, normals: Tensor, divergence_weight: float) -> Tensor:
        """The negative evidence lower bound of a batch; sets its gradient.

        Args:
            rows: Channels of the batch, shape (rows, row_width).
            normals: Standard normal numbers, shape (rows, latent).
            divergence_weight: Weight of the divergence in the gradient. The loss has weight 1.

        Returns:
            Mean over the rows, in nats, a scalar.
        """
        encoded = self.encoder.forward(rows)
        mean = encoded[:, : self.latent]
        log_variance = encoded[:, self.latent :].clamp(*LOG_VARIANCE)
        deviation = torch.exp(0.5 * log_variance)
        wandering = deviation * normals
        decoded = self.decoder.forward(mean + wandering)
        error, by_decoded = self._error(decoded, rows)
        by_codes = self.decoder.backward(by_decoded)
        excess = deviation * deviation - 1.0
        divergence = 0.5 * ((mean * mean).sum() + excess.sum() - log_variance.sum())
        by_encoded = torch.empty_like(encoded)
        by_mean, by_log_variance = by_encoded[:, : self.latent], by_encoded[:, self.latent :]
        torch.add(by_codes, mean, alpha=divergence_weight, out=by_mean)
        torch.add(by_codes * wandering, excess, alpha=divergence_weight, out=by_log_variance)
        by_log_variance *= 0.5
        self.encoder.backward(by_encoded, inwards=False)
        return (error + divergence) / len(rows)

    def _error(self, decoded: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Summed reconstruction error of a batch, and its gradient with respect to the outputs."""
        gradient = torch.zeros_like(decoded)
        count = self.channels
        unlimited, log_factor = decoded[:, count : 2 * count], _log_factor(decoded, count)
        precision = torch.exp(-2.0 * log_factor)
        difference = decoded[:, :count] - rows[:, :count]
        weighted = difference * precision
        squares = difference * weighted
        self.noise.lerp_(squares.mean(0), NOISE_PACE).clamp_min_(LEAST_NOISE**2)
        squares /= self.noise
        torch.div(weighted, self.noise, out=gradient[:, :count])
        slope = torch.sub(1.0, squares, out=gradient[:, count : 2 * count])
        # Beyond its range the factor has no effect, so nothing would stop it from growing.
        slope *= (unlimited - log_factor) * slope >= 0.0
        error = 0.5 * squares.sum() + log_factor.sum() + 0.5 * len(rows) * self.noise.log().sum()
        for given, wanted in self.blocks:
            log_share = torch.log_softmax(decoded[:, given], 1)
            error = error - (log_share * rows[:, wanted]).sum()
            gradient[:, given] = log_share.exp_() - rows[:, wanted]
        return error, gradient


def row_width(channels: int, labels: Sequence[int]) -> int:
    """Width of the encoder's input: channels, labels and padding."""
    return in_lanes(channels + sum(labels))


def in_lanes(width: int) -> int:
    """The width, rounded up to a multiple of `LANES`."""
    return -(-width // LANES) * LANES


def _log_factor(decoded: Tensor, channels: int) -> Tensor:
    return decoded[:, channels : 2 * channels].clamp(-MOST_NOISE_FACTOR, MOST_NOISE_FACTOR)


def _blocks(channels: int, labels: Sequence[int]) -> list[tuple[slice, slice]]:
    """Position of each label block in the decoder's output and in a row."""
    blocks, start = [], channels
    for count in labels:
        blocks.append(
            (slice(start + channels, start + channels + count), slice(start, start + count))
        )
        start += count
    return blocks
