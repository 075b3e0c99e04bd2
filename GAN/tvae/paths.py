"""Codes along an axis: where a row's code lies, given how far along it is and of which kind.

Rows of one kind follow a path through the codes. Around it they scatter by a normal law that
changes along the way. So a row can be asked for at a place, which sampling at large cannot do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

#: Straight pieces of a path, and how much their bends cost against missing the codes.
PIECES = 24
STIFFNESS = 0.01
#: Stretches of the axis that have a scatter of their own, and how many rows the scatter of the
#: whole path counts for in each.
STRETCHES = 6
PRIOR_ROWS = 30
_RIDGE = 1e-6


@dataclass(frozen=True)
class Path:
    """The codes of one kind.

    Attributes:
        corners: Codes at evenly spaced places from 0 to 1, shape (PIECES + 1, latent).
        factors: Cholesky factor of the scatter on each stretch, (STRETCHES, latent, latent).
    """

    corners: Matrix
    factors: Matrix

    def codes(self, places: Matrix, normals: Matrix) -> Matrix:
        """Codes at places.

        Args:
            places: From 0 to 1, shape (rows,).
            normals: Standard normal numbers that decide where in the scatter each code lies,
                shape (rows, latent).
        """
        factors = self.factors[_stretch(places)]
        scattered = np.einsum("rij,rj->ri", factors, normals)
        return np.asarray(_hats(places) @ self.corners + scattered)


def fit_path(codes: Matrix, places: Matrix) -> Path:
    """The path of codes, shape (rows, latent), at places from 0 to 1, shape (rows,).

    Args:
        codes: Of one kind, at least one row.
        places: How far along each is.
    """
    rows, latent = codes.shape
    hats = _hats(places)
    bends = np.diff(np.eye(PIECES + 1), 2, axis=0)
    cost = STIFFNESS * rows / PIECES * bends.T @ bends + 1e-9 * np.eye(PIECES + 1)
    corners = np.linalg.solve(hats.T @ hats + cost, hats.T @ codes)
    left = codes - hats @ corners
    overall = left.T @ left / rows
    stretch = _stretch(places)
    factors = []
    for index in range(STRETCHES):
        own = left[stretch == index]
        scatter = (own.T @ own + PRIOR_ROWS * overall) / (len(own) + PRIOR_ROWS)
        factors.append(np.linalg.cholesky(scatter + _RIDGE * np.eye(latent)))
    return Path(corners, np.array(factors))


def _hats(places: Matrix) -> Matrix:
    """Shares of the corners on both sides of each place, shape (rows, PIECES + 1)."""
    position = np.clip(places, 0.0, 1.0) * PIECES
    before = np.minimum(position.astype(int), PIECES - 1)
    shares = np.zeros((len(places), PIECES + 1))
    rows = np.arange(len(places))
    shares[rows, before] = 1.0 - (position - before)
    shares[rows, before + 1] = position - before
    return shares


def _stretch(places: Matrix) -> NDArray[np.intp]:
    return np.minimum((np.clip(places, 0.0, 1.0) * STRETCHES).astype(np.intp), STRETCHES - 1)
