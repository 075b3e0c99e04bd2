"""The sets: measured cells by batch, a simulated law that everybody has, and C-MAPSS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pandas as pd

from benchmarks.prognosis.cells import batch_of_cells
from benchmarks.prognosis.cmapss import engines
from benchmarks.worth.law import law

#: Of measured cells the file and the batch in it; None: all of it. For the source see
#: `benchmarks.prognosis.cells`.
CELLS: Mapping[str, tuple[str, str | None]] = {
    "mit": ("cells_mit.parquet", None),
    "mit 2017-05": ("cells_mit.parquet", "2017-05-12"),
    "mit 2017-06": ("cells_mit.parquet", "2017-06-30"),
    "mit 2018-04": ("cells_mit.parquet", "2018-04-12"),
    "nca": ("cells_tju.parquet", "nca"),
    "ncm": ("cells_tju.parquet", "ncm"),
}
LAW = "law"
#: Simulated turbofans of NASA; for the source see `benchmarks.prognosis.cmapss`.
TURBOFANS = ("FD001", "FD002", "FD003", "FD004")


def all_sets(folder: Path | None, cmapss: Path | None) -> dict[str, Callable[[], pd.DataFrame]]:
    """What reads or makes each set.

    Args:
        folder: Has the measured cells; None: none of them.
        cmapss: Has files such as `train_FD001.txt`; None: none of them.
    """
    found: dict[str, Callable[[], pd.DataFrame]] = {LAW: law}
    if folder is not None:
        for name, (file, batch) in CELLS.items():
            found[name] = partial(batch_of_cells, folder, file, batch)
    if cmapss is not None:
        for name in TURBOFANS:
            if (cmapss / f"train_{name}.txt").exists():
                found[name] = partial(engines, cmapss, f"train_{name}")
    return found
