"""One fit: how long it takes, how long its rows take, and how like the table they are."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmarks.gan.figures import Fidelity, fidelity
from benchmarks.gan.systems import Fit
from benchmarks.gan.tables import TABLES

SAMPLED = 50_000
#: Another seed than any that is learnt from.
FRESH = 99


@dataclass(frozen=True)
class Run:
    """One fit and what came of it.

    Attributes:
        table: Which table.
        system: Which model.
        seed: Of the fit.
        fit_seconds: From the table to something that samples; for ours in stock, to the saved
            pickle.
        sample_seconds: Of `SAMPLED` rows, to a Parquet file.
        fidelity: Of these rows.
    """

    table: str
    system: str
    seed: int
    fit_seconds: float
    sample_seconds: float
    fidelity: Fidelity


def measure(table: str, system: str, fit: Fit, seed: int, epochs: int) -> Run:
    """Fit, sample and judge once."""
    real, fresh = TABLES[table](0), TABLES[table](FRESH)
    began = time.perf_counter()
    fitted = fit(real, seed, epochs)
    fit_seconds = time.perf_counter() - began
    sample = fitted()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        sample(100, path)  # What is loaded and compiled once is not timed.
        began = time.perf_counter()
        sample(SAMPLED, path)
        sample_seconds = time.perf_counter() - began
        rows = pd.read_parquet(path)
    return Run(table, system, seed, fit_seconds, sample_seconds, fidelity(real, rows, fresh))
