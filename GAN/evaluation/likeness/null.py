"""The null of metrics of likeness: their value where both sides are equally good by definition.

For a simulated seed these are the seed and fresh units, for a real one two halves of its units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from GAN.evaluation.likeness.c2st import Matrix, c2st_auc
from GAN.evaluation.likeness.fidelity import (
    column_fidelity,
    rank_correlation_error,
    row_features,
)
from GAN.evaluation.likeness.temporal import Windows, windows_c2st_auc

if TYPE_CHECKING:
    import pandas as pd

#: Fewest units with two halves that a classifier can be trained on.
FEWEST = 4
#: Ways to halve the units; the AUC of a single one says little.
HALVINGS = 3


class Null(NamedTuple):
    """Values of metrics; None where there is too little data.

    Attributes:
        rows: AUC of the classifier test on rows.
        windows: The same for windows.
        columns: Fidelity of single columns.
        spearman: Error of rank correlations.
        meaning: What was compared.
    """

    rows: float | None
    windows: float | None
    columns: float | None
    spearman: float | None
    meaning: str


def null_of_fresh(
    seed: pd.DataFrame,
    windows: Windows,
    fresh: pd.DataFrame,
    fresh_windows: Windows,
    names: list[str],
) -> Null:
    """The null of a simulated seed.

    Args:
        seed: Nominal readings of the seed.
        windows: Its windows.
        fresh: Nominal readings of fresh units.
        fresh_windows: Their windows.
        names: Names of the sensors.
    """
    return Null(
        c2st_auc(*row_features(seed, names), *row_features(fresh, names)),
        windows_c2st_auc(windows, fresh_windows),
        column_fidelity(seed, fresh, names),
        rank_correlation_error(seed, fresh, names),
        "fresh units",
    )


def null_of_halves(seed: pd.DataFrame, windows: Windows, names: list[str]) -> Null:
    """The null of a real seed: the mean over `HALVINGS` ways to halve its units.

    Args:
        seed: Nominal readings of the seed.
        windows: Its windows.
        names: Names of the sensors.
    """
    return Null(
        _halves(*row_features(seed, names)),
        _halves(windows.features, windows.units),
        _mean_of_halves(column_fidelity, seed, names),
        _mean_of_halves(rank_correlation_error, seed, names),
        "two halves of the known units",
    )


def _halves(features: Matrix, units: NDArray[np.integer]) -> float | None:
    ids = np.unique(units)
    if len(ids) < FEWEST:
        return None
    found = [
        c2st_auc(features[half], units[half], features[~half], units[~half])
        for half in _first_halves(units, ids)
    ]
    areas = [area for area in found if area is not None]
    return float(np.mean(areas)) if areas else None


def _mean_of_halves(
    metric: Callable[[pd.DataFrame, pd.DataFrame, list[str]], float],
    seed: pd.DataFrame,
    names: list[str],
) -> float | None:
    units = seed["unit_id"].to_numpy()
    ids = np.unique(units)
    if len(ids) < FEWEST:
        return None
    found = [metric(seed[half], seed[~half], names) for half in _first_halves(units, ids)]
    return float(np.mean(found))


def _first_halves(
    units: NDArray[np.integer], ids: NDArray[np.integer]
) -> Iterator[NDArray[np.bool_]]:
    """The rows of one half of the units, for each way to halve them."""
    rng = np.random.default_rng(0)
    for _ in range(HALVINGS):
        yield np.isin(units, rng.permutation(ids)[: len(ids) // 2])
