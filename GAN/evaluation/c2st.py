"""Can a classifier tell two data sets apart?

The classifier two-sample test (C2ST) of Lopez-Paz and Oquab, Revisiting Classifier Two-Sample
Tests, ICLR 2017.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Units = NDArray[np.integer]

#: Rows of each data set that the classifier sees; more change the verdict by little.
MOST_ROWS = 2_500
FOLDS = 3
#: Steps in which a judge sees a feature: more take it longer and teach it no more.
BINS = 64


def told_apart(real: Matrix, real_units: Units, made: Matrix, made_units: Units) -> float | None:
    """Area under the ROC curve of gradient-boosted trees, on units that they have not seen.

    Rows of one unit resemble each other. So units, not rows, are held out: a classifier that has
    only learnt the units by heart gets nothing for it, and with few units falls below 0.5.

    Args:
        real: Shape (rows, features).
        real_units: Unit of each row.
        made: Shape (rows, features).
        made_units: Unit of each row.

    Returns:
        Mean over the folds: 0.5 or less is not at all, 1 is always. None where either side has
        fewer than two units.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    folds = min(FOLDS, len(np.unique(real_units)), len(np.unique(made_units)))
    if folds < 2:
        return None
    sides = []
    for rows, units in ((real, real_units), (made, made_units)):
        fold = _folds(units, folds, rng)
        kept = rng.permutation(len(rows))[: min(MOST_ROWS, len(real), len(made))]
        sides.append((rows[kept], fold[kept]))
    rows = np.vstack([side for side, _ in sides])
    fold = np.concatenate([of for _, of in sides])
    is_real = np.repeat([1, 0], [len(side) for side, _ in sides])
    areas = []
    for index in range(folds):
        seen, unseen = fold != index, fold == index
        if len(np.unique(is_real[seen])) < 2 or len(np.unique(is_real[unseen])) < 2:
            continue
        judge = HistGradientBoostingClassifier(
            max_iter=30, max_leaf_nodes=15, max_bins=BINS, random_state=0
        )
        judge.fit(rows[seen], is_real[seen])
        areas.append(roc_auc_score(is_real[unseen], judge.predict_proba(rows[unseen])[:, 1]))
    return float(np.mean(areas)) if areas else None


def _folds(units: Units, folds: int, rng: np.random.Generator) -> Units:
    """A fold for each row; all rows of a unit are in the same one."""
    ids, unit = np.unique(units, return_inverse=True)
    return np.asarray(rng.permutation(len(ids)) % folds)[unit]
