"""The distribution of latent codes that rows are sampled from: the aggregate posterior.

A variational autoencoder assumes standard normal codes, but the codes of the rows that it was
trained on, taken together, are not quite normal, and the decoder has only seen those. A Gaussian
mixture is fitted to them after the training, and sampling draws from it (two-stage VAEs: Dai and
Wipf, Diagnosing and Enhancing VAE Models, 2019).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

#: A latent dimension is active if its mean varies by more than this from row to row (Burda, Grosse
#: and Salakhutdinov, Importance Weighted Autoencoders, 2016). The others carry no information.
LEAST_USE = 0.01
CLUSTERS = 16
#: Codes that each cluster has at least, on average.
FEWEST_CODES = 40
#: Codes that the mixture is fitted to, and iterations of the fit. More do not improve the rows.
MIXED_CODES = 5_000
ITERATIONS = 6
#: Added to variances, as a share of 1.
_RIDGE = 1e-6


@dataclass(frozen=True)
class LatentDistribution:
    """A Gaussian mixture over the active latent dimensions; the others are standard normal.

    Attributes:
        size: Latent dimensions.
        used: Indices of the active ones, shape (d,).
        weights: Weight of each cluster, shape (k,).
        means: Its centre, shape (k, d).
        factors: Cholesky factor of its covariance, shape (k, d, d).
    """

    size: int
    used: NDArray[np.intp]
    weights: Matrix
    means: Matrix
    factors: Matrix

    def draw(self, rows: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """Draw codes, shape (rows, size)."""
        codes = rng.standard_normal((rows, self.size), np.float32)
        drawn = codes[:, self.used]
        ends = np.cumsum(rng.multinomial(rows, self.weights))
        for (begin, end), mean, factor in zip(
            pairwise([0, *ends]), self.means, self.factors, strict=True
        ):
            drawn[begin:end] = mean + drawn[begin:end] @ factor.T.astype(np.float32)
        codes[:, self.used] = drawn
        return codes[rng.permutation(rows)]


def fit_latent_distribution(
    means: Matrix, deviations: Matrix, rng: np.random.Generator
) -> LatentDistribution:
    """Fit the distribution of the codes of some rows.

    Args:
        means: Mean of each row's posterior, shape (n, size), n at least 2.
        deviations: Standard deviations of the same, shape (n, size).
        rng: Draws codes from the posteriors, and the start of the mixture's fit.
    """
    used = np.flatnonzero(means.var(axis=0) > LEAST_USE)
    codes = (means + deviations * rng.standard_normal(means.shape))[:, used]
    weights, centres, factors = _mixture(rng.permutation(codes)[:MIXED_CODES], rng)
    return LatentDistribution(means.shape[1], used, weights, centres, factors)


def _mixture(codes: Matrix, rng: np.random.Generator) -> tuple[Matrix, Matrix, Matrix]:
    """Weights, centres and Cholesky factors of the clusters of codes, shape (n, d)."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    n, used = codes.shape
    if not used:
        return np.ones(1), np.zeros((1, 0)), np.zeros((1, 0, 0))
    mixture = GaussianMixture(
        max(1, min(CLUSTERS, n // FEWEST_CODES)),
        max_iter=ITERATIONS,
        reg_covar=_RIDGE,
        random_state=int(rng.integers(2**31)),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # An approximate fit is enough.
        mixture.fit(codes)
    weights = mixture.weights_ / mixture.weights_.sum()
    return weights, mixture.means_, np.linalg.cholesky(mixture.covariances_)
