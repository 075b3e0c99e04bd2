"""Piecewise linear curves along life, with corners closer together towards failure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

#: Rows of a typical unit per piece, within the limits below: enough to average out noise.
ROWS_PER_PIECE = 20
FEWEST_PIECES, MOST_PIECES = 4, 24
#: Penalty on bends of a curve, relative to the squared error.
STIFFNESS = 0.01


def corners_for(rows_per_unit: float) -> int:
    """Number of corners for curves of units with this many rows."""
    pieces = np.clip(round(rows_per_unit / ROWS_PER_PIECE), FEWEST_PIECES, MOST_PIECES)
    return int(pieces) + 1


def corner_shares(places: Matrix, corners: int) -> Matrix:
    """Interpolation weights of the corners at each position along life.

    Damage accelerates, so the distance between corners falls linearly from new to failed.

    Args:
        places: Fractions of life, shape (rows,).
        corners: Number of corners.

    Returns:
        Shape (rows, corners). Multiplied by the values at the corners, it gives the curve's values.
    """
    position = (1.0 - np.sqrt(1.0 - np.clip(places, 0.0, 1.0))) * (corners - 1)
    before = np.minimum(position.astype(int), corners - 2)
    shares = np.zeros((len(places), corners))
    rows = np.arange(len(places))
    shares[rows, before] = 1.0 - (position - before)
    shares[rows, before + 1] = position - before
    return shares


def fit_curve(shares: Matrix, values: Matrix) -> Matrix:
    """Fit a curve by least squares with a penalty on bends.

    Args:
        shares: Result of `corner_shares` for the positions of the values.
        values: Shape (rows, dimensions).

    Returns:
        Values at the corners, shape (corners, dimensions).
    """
    rows, corners = shares.shape
    bends = np.diff(np.eye(corners), 2, axis=0)
    cost = STIFFNESS * rows / (corners - 1) * bends.T @ bends + 1e-9 * np.eye(corners)
    return np.asarray(np.linalg.solve(shares.T @ shares + cost, shares.T @ values))
