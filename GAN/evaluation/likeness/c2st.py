"""Classifier two-sample test: can a classifier separate two data sets?

Lopez-Paz and Oquab, Revisiting Classifier Two-Sample Tests, ICLR 2017.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Units = NDArray[np.integer]

#: Rows of each data set that the classifier is given; more change the result little.
MOST_ROWS = 2_500
FOLDS = 3
#: More trees and finer bins take longer and do not improve the classifier.
TREES, BINS = 30, 63
#: Rows that the bins are made from: sorting all takes longer than growing the trees.
BINNED_ROWS = 1_000
#: Random thresholds (Geurts et al., Extremely randomized trees, 2006): with few units, a single
#: sharp threshold would only fit those that it has seen.
SETTINGS: Mapping[str, Any] = {
    "objective": "binary",
    "extra_trees": True,
    "num_leaves": 15,
    "max_bin": BINS,
    "bin_construct_sample_cnt": BINNED_ROWS,
    "seed": 0,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}


def c2st_auc(real: Matrix, real_units: Units, made: Matrix, made_units: Units) -> float | None:
    """Area under the ROC curve of gradient-boosted trees, on units held out from their training.

    Rows of one unit resemble each other, so whole units are held out, not rows. A classifier that
    has only memorised the units gains nothing, and with few units falls below 0.5.

    Args:
        real: Shape (rows, features).
        real_units: Unit of each row.
        made: Shape (rows, features).
        made_units: Unit of each row.

    Returns:
        Mean over the folds: 0.5 or less means not separable, 1 means always separated. None where
        either side has fewer than two units.
    """
    import lightgbm

    rng = np.random.default_rng(0)
    count = min(MOST_ROWS, len(real), len(made))
    sides = []
    for rows, units in ((real, real_units), (made, made_units)):
        kept = rng.permutation(len(rows))[:count]
        sides.append((rows[kept], units[kept]))
    folds = min(FOLDS, *(len(np.unique(units)) for _, units in sides))
    if folds < 2:
        return None
    rows = np.vstack([rows for rows, _ in sides])
    is_real = np.repeat([1, 0], count)
    fold = np.concatenate([_folds(units, folds) for _, units in sides])
    settings = dict(SETTINGS)
    binned = lightgbm.Dataset(rows, is_real, params=settings)
    areas = []
    for number in range(folds):
        asked = fold == number
        learnt = binned.subset(np.flatnonzero(~asked).tolist())
        trees = lightgbm.train(settings, learnt, TREES)
        scores = np.asarray(trees.predict(rows[asked], num_threads=1))
        areas.append(_area(is_real[asked] == 1, scores))
    return float(np.mean(areas))


def _area(is_real: NDArray[np.bool_], scores: Matrix) -> float:
    """Area under the ROC curve: how often a real row has a higher score than a made one."""
    from scipy.stats import rankdata

    real = int(is_real.sum())
    pairs = real * (len(is_real) - real)
    return float((rankdata(scores)[is_real].sum() - real * (real + 1) / 2) / pairs)


def _folds(units: Units, folds: int) -> Units:
    """The fold of each row, shape (rows,); each side is split by itself, so all folds have both."""
    from sklearn.model_selection import GroupKFold

    fold = np.empty(len(units), int)
    for index, (_, held_out) in enumerate(GroupKFold(folds).split(units, groups=units)):
        fold[held_out] = index
    return fold
