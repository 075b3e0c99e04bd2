"""Which sampled row fills which place in a planned life.

The model knows nothing of units: its rows come in any order, each at the level of some unit. Two
steps turn them into lives. `match` finds rows at the right point of life; `deal` hands rows of the
same point of life to units so that a unit keeps its level.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Stretches that a life is cut into for dealing: rows move by a hundredth of a life at most.
MOST_STRETCHES = 100
#: Rows that a unit has in a stretch on average, at least.
ROWS_PER_STRETCH = 5


def match(slots: NDArray[np.float64], rows: NDArray[np.float64]) -> NDArray[np.intp]:
    """Which row each slot gets, so that life fractions agree and no row is used twice.

    Args:
        slots: Life fraction of the slots, ascending, shape (n,).
        rows: Life fraction of the rows, ascending, shape (m,).

    Returns:
        Index of a row for each slot, shape (n,), in ascending order. With fewer rows than slots,
        rows repeat evenly.
    """
    rank = np.arange(len(slots))
    if len(rows) < len(slots):
        return rank * len(rows) // len(slots)
    nearest = np.searchsorted(rows, slots)
    # Each slot takes the first row that is far enough into life and not taken yet. Counted from
    # the slot's rank, "not taken yet" means "not falling", and the surplus is the most there is.
    skipped = np.clip(np.maximum.accumulate(nearest - rank), 0, len(rows) - len(slots))
    return np.asarray(rank + skipped)


def deal(
    readings: NDArray[np.float64], units: NDArray[np.int32], rng: np.random.Generator
) -> NDArray[np.intp]:
    """Which of the matched rows each slot gets, so that each unit stays at one level.

    Units are put in a random order, rows in the order of their level; within each short stretch
    of life the rows are dealt to the slots in those orders.

    Args:
        readings: Sensor readings of the matched rows in order of life fraction, shape (n, s).
        units: Unit of each slot in the same order, shape (n,).
        rng: Source of the order of the units, and of the rows within a unit's share.

    Returns:
        Index of a row for each slot, shape (n,): every row once.
    """
    count = len(units)
    _, unit = np.unique(units, return_inverse=True)
    rows_per_unit = count // (unit.max() + 1)
    stretches = int(np.clip(rows_per_unit // ROWS_PER_STRETCH, 1, MOST_STRETCHES))
    stretch = np.arange(count) * stretches // count
    order_of_units = rng.permutation(unit.max() + 1)
    dealt = np.empty(count, dtype=np.intp)
    slots_in_order = np.lexsort((rng.random(count), order_of_units[unit], stretch))
    dealt[slots_in_order] = np.lexsort((_level(readings, stretch), stretch))
    return dealt


def _level(readings: NDArray[np.float64], stretch: NDArray[np.intp]) -> NDArray[np.float64]:
    """Where each row lies among those of its stretch, as one number.

    It is the first principal component of the readings less the stretch's mean, each sensor scaled
    by its spread.
    """
    sizes = np.bincount(stretch)
    sums = np.stack([np.bincount(stretch, column) for column in readings.T], axis=1)
    apart = readings - (sums / sizes[:, None])[stretch]
    spread = apart.std(axis=0)
    scaled = apart / np.where(spread > 0, spread, 1.0)
    _, axes = np.linalg.eigh(scaled.T @ scaled)
    return np.asarray(scaled @ axes[:, -1])
