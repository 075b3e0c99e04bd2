"""Curves along life: straight pieces between corners, which lie closer together towards failure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

#: A piece is this many rows of a typical unit, within limits: it has to be more than noise.
ROWS_PER_PIECE = 20
FEWEST_PIECES, MOST_PIECES = 4, 24
#: How much bends of a curve cost against missing the values.
STIFFNESS = 0.01


def corners_for(rows_per_unit: float) -> int:
    """Corners of the curves of units that have so many rows."""
    pieces = np.clip(round(rows_per_unit / ROWS_PER_PIECE), FEWEST_PIECES, MOST_PIECES)
    return int(pieces) + 1


def corner_shares(places: Matrix, corners: int) -> Matrix:
    """Shares of the two nearest corners in the value at each place.

    Damage speeds up: the distance from corner to corner falls evenly from new to failed.

    Args:
        places: Fractions of life, shape (rows,).
        corners: How many.

    Returns:
        Shape (rows, corners); a curve's values are its product with the values at the corners.
    """
    position = (1.0 - np.sqrt(1.0 - np.clip(places, 0.0, 1.0))) * (corners - 1)
    before = np.minimum(position.astype(int), corners - 2)
    shares = np.zeros((len(places), corners))
    rows = np.arange(len(places))
    shares[rows, before] = 1.0 - (position - before)
    shares[rows, before + 1] = position - before
    return shares


def fit_curve(shares: Matrix, values: Matrix) -> Matrix:
    """The curve nearest to values that does not bend needlessly.

    Args:
        shares: What `corner_shares` gives for the values' places.
        values: Shape (rows, dimensions).

    Returns:
        Values at the corners, shape (corners, dimensions).
    """
    rows, corners = shares.shape
    bends = np.diff(np.eye(corners), 2, axis=0)
    cost = STIFFNESS * rows / (corners - 1) * bends.T @ bends + 1e-9 * np.eye(corners)
    return np.asarray(np.linalg.solve(shares.T @ shares + cost, shares.T @ values))
