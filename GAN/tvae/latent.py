"""What the decoder is fed: the codes that rows really have, not the normal law they should have.

A trained encoder's codes, taken together, are not quite standard normal, and the decoder was taught
with the codes as they are. So their law is fitted after the training: a normal copula with each
code's own quantiles, or a mixture of normal laws where the codes lie in clusters, whichever makes
held-out codes the likelier. (Two-stage VAEs: Dai and Wipf, Diagnosing and Enhancing VAE Models,
2019.)
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, ndtri

Matrix = NDArray[np.float64]

CLUSTERS = 16
#: Codes that each cluster has at least, on average.
FEWEST_CODES = 40
#: Codes that the law is fitted to.
MOST_CODES = 20_000
QUANTILES = 200
#: Codes that a mixture is fitted to, and rounds of its fit: from some eight on, held-out codes
#: get no likelier, on the easy table of `make bench-gan` they even get less so.
MIXED_CODES = 8_000
ITERATIONS = 8
#: Added to variances, as a share of 1.
_RIDGE = 1e-6


@dataclass(frozen=True)
class Copula:
    """Codes whose ranks follow a normal law.

    Attributes:
        normals: Standard normal values of the quantiles, ascending, shape (q,).
        quantiles: Quantiles of each code, shape (q, latent).
        factor: Cholesky factor of the correlation of the ranks, shape (latent, latent).
    """

    normals: Matrix
    quantiles: Matrix
    factor: Matrix

    def draw(self, rows: int, rng: np.random.Generator) -> Matrix:
        """Codes, shape (rows, latent)."""
        normals = rng.standard_normal((rows, len(self.factor))) @ self.factor.T
        return np.column_stack(
            [
                np.interp(column, self.normals, quantiles)
                for column, quantiles in zip(normals.T, self.quantiles.T, strict=True)
            ]
        )

    def log_likelihood(self, codes: Matrix) -> float:
        """Mean over codes, nats."""
        total = 0.0
        normals = np.empty_like(codes)
        for index, quantiles in enumerate(self.quantiles.T):
            normals[:, index] = np.interp(codes[:, index], quantiles, self.normals)
            slope = np.diff(self.normals) / np.maximum(np.diff(quantiles), 1e-9)
            piece = np.searchsorted(quantiles, codes[:, index]) - 1
            total += np.log(slope[np.clip(piece, 0, len(slope) - 1)]).mean()
        middle = np.zeros(normals.shape[1])
        return float(total + _normal_log_density(normals, middle, self.factor).mean())


@dataclass(frozen=True)
class Mixture:
    """Codes in clusters, each with a normal law.

    Attributes:
        weights: Share of each cluster, shape (k,).
        means: Its centre, shape (k, latent).
        factors: Cholesky factor of its covariance, shape (k, latent, latent).
    """

    weights: Matrix
    means: Matrix
    factors: Matrix

    def draw(self, rows: int, rng: np.random.Generator) -> Matrix:
        """Codes, shape (rows, latent)."""
        counts = rng.multinomial(rows, self.weights)
        codes = [
            mean + rng.standard_normal((count, len(mean))) @ factor.T
            for count, mean, factor in zip(counts, self.means, self.factors, strict=True)
        ]
        return rng.permutation(np.concatenate(codes))

    def log_likelihood(self, codes: Matrix) -> float:
        """Mean over codes, nats."""
        of_clusters = [
            np.log(weight) + _normal_log_density(codes, mean, factor)
            for weight, mean, factor in zip(self.weights, self.means, self.factors, strict=True)
        ]
        return float(logsumexp(of_clusters, axis=0).mean())


CodeLaw = Copula | Mixture


def fit_law(codes: Matrix, rng: np.random.Generator) -> CodeLaw:
    """The law of codes, shape (n, latent): of the two the one that held-out codes prefer."""
    codes = rng.permutation(codes)[:MOST_CODES]
    clusters = min(CLUSTERS, len(codes) // FEWEST_CODES)
    if clusters < 2:
        return _copula(codes)
    half = len(codes) // 2
    known, held_out = codes[:half], codes[half:]
    copula, mixture = _copula(known), _mixture(known, min(clusters, half // FEWEST_CODES), rng)
    if copula.log_likelihood(held_out) >= mixture.log_likelihood(held_out):
        return _copula(codes)
    return _mixture(codes, clusters, rng)


def _copula(codes: Matrix) -> Copula:
    n, latent = codes.shape
    at = np.unique(np.linspace(0, n - 1, min(QUANTILES, n)).astype(int))
    ranks = codes.argsort(axis=0).argsort(axis=0)
    correlation = np.corrcoef(ndtri((ranks + 0.5) / n), rowvar=False).reshape(latent, latent)
    return Copula(
        normals=ndtri((at + 0.5) / n),
        quantiles=np.sort(codes, axis=0)[at],
        factor=np.linalg.cholesky((1 - _RIDGE) * correlation + _RIDGE * np.eye(latent)),
    )


def _mixture(codes: Matrix, clusters: int, rng: np.random.Generator) -> Mixture:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    mixture = GaussianMixture(
        clusters,
        max_iter=ITERATIONS,
        reg_covar=_RIDGE,
        random_state=int(rng.integers(2**31)),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # Near enough is good enough.
        mixture.fit(codes[:MIXED_CODES])
    return Mixture(mixture.weights_, mixture.means_, np.linalg.cholesky(mixture.covariances_))


def _normal_log_density(codes: Matrix, mean: Matrix, factor: Matrix) -> Matrix:
    from scipy.linalg import solve_triangular

    standard = solve_triangular(factor, (codes - mean).T, lower=True)
    log_volume = np.log(np.diag(factor)).sum() + 0.5 * len(mean) * np.log(2.0 * np.pi)
    return np.asarray(-0.5 * (standard**2).sum(axis=0) - log_volume)
