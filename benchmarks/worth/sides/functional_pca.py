"""Functional PCA: a unit's whole course and its length are one random vector."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.worth.draws import Known
from benchmarks.worth.lives import life, numbered
from benchmarks.worth.sides.courses import (
    MADE,
    POINTS,
    at_fraction,
    blocks,
    courses,
    hours_of_life,
)

#: Share of the variance of the courses that is kept.
KEPT = 0.98


def functional_pca(known: Known, seed: int) -> pd.DataFrame:
    """New lives: scores and the logarithm of life drawn jointly, residuals from known rows.

    Scores of two units or more are normal with their own covariance. A new life has the failure
    mode of the known unit whose scores are nearest.
    """
    rng = np.random.default_rng(seed)
    units = courses(known)
    sigma = known.lives[known.sensors].to_numpy(np.float64).std(axis=0)
    sigma[sigma == 0.0] = 1.0
    shapes = np.array([(unit.curve / sigma).ravel() for unit in units])
    middle = shapes.mean(axis=0)
    left, spread, curves = np.linalg.svd(shapes - middle, full_matrices=False)
    share = np.cumsum(np.square(spread)) / max(float(np.square(spread).sum()), 1e-12)
    count = min(int(np.searchsorted(share, KEPT)) + 1, len(units) - 1)
    scores = left[:, :count] * spread[:count]
    joint = np.column_stack([scores, np.log(known.lengths)])
    drawn = rng.multivariate_normal(
        joint.mean(axis=0), np.atleast_2d(np.cov(joint, rowvar=False)), MADE
    )
    donors = [(unit.fraction, unit.rest) for unit in units]
    lives = []
    for score, log_life in zip(drawn[:, :-1], drawn[:, -1], strict=True):
        length = float(np.exp(log_life))
        hours = hours_of_life(length, known)
        fraction = np.minimum(hours / length, 1.0)
        curve = (middle + score @ curves[:count]).reshape(POINTS, -1) * sigma
        readings = at_fraction(curve, fraction) + blocks(fraction, donors, rng)
        nearest = int(np.argmin(np.square(scores - score).sum(axis=1)))
        frame = pd.DataFrame(readings, columns=known.sensors)
        lives.append(life(hours, max(length, hours[-1]), units[nearest].mode, frame))
    return numbered(lives)
