"""What the decoder is fed: the codes that rows really have, not the normal law they should have.

A trained encoder's codes, taken together, are not quite standard normal, and the decoder was taught
with the codes as they are. So their law is fitted after the training: a mixture of normal laws says
how they go together, then each code gets its own quantiles back. (Two-stage VAEs: Dai and Wipf,
Diagnosing and Enhancing VAE Models, 2019.)
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Matrix = NDArray[np.float64]

#: A code is used if its mean varies by more than this from row to row (Burda, Grosse and
#: Salakhutdinov, Importance Weighted Autoencoders, 2016); the others say nothing of a row.
LEAST_USE = 0.01
CLUSTERS = 16
#: Codes that each cluster has at least, on average.
FEWEST_CODES = 40
#: Codes that a mixture is fitted to, and rounds of its fit: more of either makes no better rows.
MIXED_CODES = 5_000
ITERATIONS = 6
#: Shares of the codes at which their quantiles are put right.
SHARES = np.r_[0.0, ndtr(np.linspace(-3.5, 3.5, 30)), 1.0]
#: Added to variances, as a share of 1.
_RIDGE = 1e-6


@dataclass(frozen=True)
class CodeLaw:
    """A mixture of normal laws, and for each code a map to its own quantiles.

    Attributes:
        size: Numbers of a code.
        used: Those that tell rows apart, shape (d,); the others are standard normal.
        weights: Share of each cluster, shape (k,).
        means: Its centre, shape (k, d).
        factors: Cholesky factor of its covariance, shape (k, d, d).
        knots: What the mixture draws, ascending, shape (d, q).
        values: What that becomes, straight between the knots and flat outside, shape (d, q).
    """

    size: int
    used: NDArray[np.intp]
    weights: Matrix
    means: Matrix
    factors: Matrix
    knots: Matrix
    values: Matrix

    def draw(self, rows: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """Codes, shape (rows, size)."""
        codes = rng.standard_normal((rows, self.size), np.float32)
        drawn = codes[:, self.used]
        ends = np.cumsum(rng.multinomial(rows, self.weights))
        for (begin, end), mean, factor in zip(
            pairwise([0, *ends]), self.means, self.factors, strict=True
        ):
            drawn[begin:end] = mean + drawn[begin:end] @ factor.T.astype(np.float32)
        for place, index in enumerate(self.used):
            codes[:, index] = np.interp(drawn[:, place], self.knots[place], self.values[place])
        return codes[rng.permutation(rows)]


def fit_law(means: Matrix, deviations: Matrix, rng: np.random.Generator) -> CodeLaw:
    """The law of the codes of some rows.

    Args:
        means: Of each row's posterior, shape (n, size), n from 2.
        deviations: Standard deviations of the same, shape (n, size).
        rng: Draws codes and where the mixture begins.
    """
    used = np.flatnonzero(means.var(axis=0) > LEAST_USE)
    codes = (means + deviations * rng.standard_normal(means.shape))[:, used]
    weights, centres, factors = _mixture(rng.permutation(codes)[:MIXED_CODES], rng)
    knots = np.quantile(codes, SHARES, axis=0).T
    spread = np.sqrt(np.square(factors).sum(axis=2))
    places = (knots[None] - centres[:, :, None]) / spread[:, :, None]
    reached = np.tensordot(weights, ndtr(places), 1)
    values = [np.quantile(code, at) for code, at in zip(codes.T, reached, strict=True)]
    return CodeLaw(
        size=means.shape[1],
        used=used,
        weights=weights,
        means=centres,
        factors=factors,
        knots=knots,
        values=np.reshape(values, knots.shape),
    )


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
        warnings.simplefilter("ignore", ConvergenceWarning)  # Near enough is good enough.
        mixture.fit(codes)
    weights = mixture.weights_ / mixture.weights_.sum()
    return weights, mixture.means_, np.linalg.cholesky(mixture.covariances_)
