"""One fit: its time, the time of sampling, and the fidelity of the rows."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmarks.gan.metrics import Fidelity, fidelity
from benchmarks.gan.systems import Fit
from benchmarks.gan.tables import TABLES

SAMPLED = 50_000
#: A random seed that no table for training uses.
FRESH = 99


@dataclass(frozen=True)
class Run:
    """One fit and its results.

    Attributes:
        table: Name of the table.
        system: Name of the model.
        seed: Random seed of the fit.
        fit_seconds: Time from the table to a model that can sample; for ours in stock, to the
            saved pickle.
        sample_seconds: Time to sample `SAMPLED` rows and write them to a Parquet file.
        fidelity: Fidelity of these rows.
    """

    table: str
    system: str
    seed: int
    fit_seconds: float
    sample_seconds: float
    fidelity: Fidelity


def measure(table: str, system: str, fit: Fit, seed: int, epochs: int) -> Run:
    """Fit, sample and measure once."""
    real, fresh = TABLES[table](0), TABLES[table](FRESH)
    began = time.perf_counter()
    fitted = fit(real, seed, epochs)
    fit_seconds = time.perf_counter() - began
    sample = fitted()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        sample(100, path)  # Loading and compiling is not timed.
        began = time.perf_counter()
        sample(SAMPLED, path)
        sample_seconds = time.perf_counter() - began
        rows = pd.read_parquet(path)
    return Run(table, system, seed, fit_seconds, sample_seconds, fidelity(real, rows, fresh))
