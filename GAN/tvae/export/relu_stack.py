"""The whole sampler as one stack of linear layers with ReLU between them, as stock TVAE decodes.

Stock TVAE feeds standard normal numbers to linear layers with ReLU and interprets the output as
column values and label logits. Everything else that our sampler does is folded into such layers:
the latent distribution, the noise of each channel, the draw of labels (both use additional normal
inputs that the layers pass through), and the conversion from a channel to its column. Piecewise
linear maps are sums of ReLUs. Noise that differs from row to row cannot be folded: the folded
sampler has one noise level per channel.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from GAN.tvae.aggregate_posterior import LatentDistribution
from GAN.tvae.columns import Labels, Numbers
from GAN.tvae.model import TableModel

Matrix = NDArray[np.float64]

#: Knots of piecewise linear maps: column quantiles, z-scores, and Gumbel quantiles.
COLUMN_KNOTS, SCORE_KNOTS, GUMBEL_KNOTS = 64, 16, 24
#: Range of the maps in standard deviations; they are flat beyond. z-scores may be larger.
REACH, SCORE_REACH = 3.9, 6.0
#: Width of the step from one cluster to the next, standard deviations.
STEP = 1e-4
#: Larger than any code; used to switch a cluster off.
OFF = 100.0
#: tanh covers this many times a column's range, so that it is nearly linear within the range.
HEADROOM = 5.0
#: Rows that are decoded to estimate the mean noise factor.
_SEEN_ROWS = 5_000


@dataclass(frozen=True)
class Affine:
    """Affine functions of a layer's outputs: one row of weights and a bias each."""

    weight: Matrix
    bias: Matrix

    def then(self, weight: Matrix, bias: Matrix) -> Affine:
        """The composition with a further affine map."""
        return Affine(weight @ self.weight, weight @ self.bias + bias)

    def __getitem__(self, rows: slice) -> Affine:
        return Affine(self.weight[rows], self.bias[rows])


@dataclass(frozen=True)
class Folded:
    """Linear layers with ReLU between them.

    Attributes:
        layers: Weight and bias of each.
        inputs: Number of standard normal inputs.
        ranges: Middle and half width of the range of each column of numbers. The output is the
            inverse hyperbolic tangent of the value's position in this range.
    """

    layers: list[tuple[Matrix, Matrix]]
    inputs: int
    ranges: dict[str, tuple[float, float]]


def fold(model: TableModel, rng: np.random.Generator) -> Folded:
    """Fold a model.

    Returns:
        The layers. The last one outputs, column by column, the value and a 0 (the logit of
        stock's single cluster) for numbers, and logits that include the random draw for labels.
    """
    stack = _Stack()
    size = model.latent_distribution.size
    noises = len(model.noise) + sum(column.labels for column in model.columns)
    switches = 1 if len(model.latent_distribution.weights) > 1 else 0
    inputs = stack.inputs(size + noises + switches)
    noise, switch = inputs[size : size + noises], inputs[size + noises :]
    code, noise = _codes(stack, model.latent_distribution, inputs[:size], noise, switch)
    for weight, bias in model.layers[:-1]:
        hidden = code.then(weight.astype(float), bias.astype(float))
        code, noise = stack.layer([hidden], passing=noise)
    return _outputs(stack, model, code, noise, rng)


class _Stack:
    def __init__(self) -> None:
        self.layers: list[tuple[Matrix, Matrix]] = []

    def inputs(self, count: int) -> Affine:
        return Affine(np.eye(count), np.zeros(count))

    def layer(self, rectified: list[Affine], passing: Affine) -> tuple[Affine, Affine]:
        """Add a layer; returns the rectified numbers and `passing` unchanged."""
        parts = [*rectified, passing, Affine(-passing.weight, -passing.bias)]
        weight = np.vstack([part.weight for part in parts])
        bias = np.concatenate([part.bias for part in parts])
        self.layers.append((weight, bias))
        units, count = np.eye(len(bias)), len(passing.bias)
        end = len(bias) - 2 * count
        back = units[end : end + count] - units[end + count :]
        return Affine(units[:end], np.zeros(end)), Affine(back, np.zeros(count))


def _joined(*parts: Affine) -> Affine:
    return Affine(np.vstack([p.weight for p in parts]), np.concatenate([p.bias for p in parts]))


def _above(number: Affine, knots: Matrix) -> Affine:
    """Differences of one number and several knots."""
    return Affine(np.repeat(number.weight, len(knots), axis=0), number.bias - knots)


def _bends(knots: Matrix, values: Matrix) -> Matrix:
    """Change of slope at each knot of a piecewise linear map that is flat outside."""
    return np.diff(np.concatenate([[0.0], np.diff(values) / np.diff(knots), [0.0]]))


def _codes(
    stack: _Stack, latent: LatentDistribution, normals: Affine, noise: Affine, switch: Affine
) -> tuple[Affine, Affine]:
    """Codes from the latent distribution, and the noise as it was."""
    order = np.r_[latent.used, np.setdiff1d(np.arange(latent.size), latent.used)]
    normals = normals.then(np.eye(latent.size)[order], np.zeros(latent.size))
    used, rest = normals[: len(latent.used)], _joined(normals[len(latent.used) :], noise)
    if switch.bias.size:
        used, rest = _mixture(stack, latent, used, rest, switch)
    else:
        used = used.then(latent.factors[0], latent.means[0])
    unused = latent.size - len(latent.used)
    code = _joined(used, rest[:unused])
    return code.then(np.eye(latent.size)[np.argsort(order)], np.zeros(latent.size)), rest[unused:]


def _mixture(
    stack: _Stack, distribution: LatentDistribution, normals: Affine, rest: Affine, switch: Affine
) -> tuple[Affine, Affine]:
    from scipy.special import ndtri

    clusters, latent = distribution.means.shape
    borders = ndtri(np.cumsum(distribution.weights)[:-1].clip(max=1.0 - 1e-9))
    # Rows on the ramp between two clusters belong to neither: about one in ten thousand.
    ramps = [_above(switch, np.array([border - STEP, border])) for border in borders]
    passing = _joined(normals, rest)
    risen, passing = stack.layer([Affine(r.weight / STEP, r.bias / STEP) for r in ramps], passing)
    normals, rest = passing[:latent], passing[latent:]
    reached = _block_rows([np.array([1.0, -1.0])] * (clusters - 1))
    begun = np.vstack([np.zeros(reached.shape[1]), reached, np.zeros(reached.shape[1])])
    constant = np.r_[1.0, np.zeros(clusters)]
    chosen = risen.then(begun[:-1] - begun[1:], constant[:-1] - constant[1:])
    halves = []
    for k in range(clusters):
        of_cluster = normals.then(distribution.factors[k], np.zeros(latent))
        off = chosen[k : k + 1].then(np.full((latent, 1), OFF), np.full(latent, -OFF))
        halves += [
            Affine(sign * of_cluster.weight + off.weight, sign * of_cluster.bias + off.bias)
            for sign in (1.0, -1.0)
        ]
    given, passing = stack.layer(halves, passing=_joined(chosen, rest))
    signs = np.hstack([np.eye(latent), -np.eye(latent)] * clusters)
    spread, chosen = given.then(signs, np.zeros(latent)), passing[:clusters]
    centre = chosen.then(distribution.means.T, np.zeros(latent))
    code = Affine(spread.weight + centre.weight, spread.bias + centre.bias)
    return code, passing[clusters:]


def _outputs(
    stack: _Stack, model: TableModel, code: Affine, noise: Affine, rng: np.random.Generator
) -> Folded:
    weight, bias = (array.astype(float) for array in model.layers[-1])
    count = len(model.noise)
    decoded = code.then(weight, bias)
    spread = model.noise * _mean_noise_factor(model, rng)
    channel = decoded[:count]
    channel = Affine(channel.weight + spread[:, None] * noise.weight[:count], channel.bias)
    logits, draws = decoded[2 * count :], noise[count:]
    knots = [_knots(c) for c in model.columns if isinstance(c, Numbers) and c.width]
    gumbel_knots = np.linspace(-REACH, REACH, GUMBEL_KNOTS)
    gumbel = -np.log(-np.log(ndtr(gumbel_knots)))
    bent, logits = stack.layer(
        [_above(channel[j : j + 1], of_channel) for j, of_channel in enumerate(knots)]
        + [_above(draws[j : j + 1], gumbel_knots) for j in range(len(draws.bias))],
        passing=logits,
    )
    ranges: dict[str, tuple[float, float]] = {}
    outputs: list[Affine] = []
    ends = np.cumsum([len(of_channel) for of_channel in knots], dtype=int)
    numbers = zip(knots, pairwise([0, *ends]), strict=True)
    start = int(ends[-1]) if count else 0
    drawn = iter(range(len(draws.bias)))
    nothing = Affine(np.zeros((1, bent.weight.shape[1])), np.zeros(1))

    def label() -> Affine:
        index = next(drawn)
        own = bent[start + index * GUMBEL_KNOTS : start + (index + 1) * GUMBEL_KNOTS]
        draw = own.then(_bends(gumbel_knots, gumbel)[None], gumbel[:1])
        return Affine(
            draw.weight + logits.weight[index : index + 1],
            draw.bias + logits.bias[index : index + 1],
        )

    for column in model.columns:
        if isinstance(column, Labels):
            outputs += [label() for _ in column.categories]
            continue
        ranges[column.name] = middle, half = _range(column)
        value = nothing
        if not column.constant:
            of_channel, (begin, end) = next(numbers)
            wanted = np.arctanh((column.unrounded(of_channel) - middle) / half)
            value = bent[begin:end].then(_bends(of_channel, wanted)[None], wanted[:1])
        outputs += [value, nothing]
        for _ in range(column.labels):
            next(drawn)  # Stock draws gaps with a fixed probability, independent of the row.
    last = _joined(*outputs)
    stack.layers.append((last.weight, last.bias))
    return Folded(stack.layers, stack.layers[0][0].shape[1], ranges)


def _knots(column: Numbers) -> Matrix:
    """Channel values between which a column is nearly linear, including its reflections."""
    if column.z_score is None:
        return np.linspace(-REACH, REACH, COLUMN_KNOTS)
    mean, deviation = column.z_score
    folds = (np.array([column.low, column.high]) - mean) / deviation
    return np.unique(
        np.r_[
            np.linspace(-SCORE_REACH, SCORE_REACH, SCORE_KNOTS),
            folds[np.abs(folds) < SCORE_REACH],
        ]
    )


def _range(column: Numbers) -> tuple[float, float]:
    low, high = (column.low, column.high) if column.z_score else column.values[[0, -1]]
    return float(low + high) / 2.0, max(HEADROOM * float(high - low) / 2.0, 1e-9)


def _mean_noise_factor(model: TableModel, rng: np.random.Generator) -> Matrix:
    _, factor, _ = model.decode(model.latent_distribution.draw(_SEEN_ROWS, rng))
    return np.asarray(np.sqrt(np.square(factor.astype(float)).mean(axis=0)))


def _block_rows(rows: list[Matrix]) -> Matrix:
    """A block-diagonal matrix with one vector per row."""
    from scipy.linalg import block_diag

    return np.asarray(block_diag(*rows)) if rows else np.zeros((0, 0))
