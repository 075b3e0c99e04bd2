"""`python -m tests.unit.peak_memory ROWS COLUMNS`: bytes that fitting a table takes, as JSON.

A separate process, because only there the memory that torch allocates can be measured.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from GAN.config.tvae_config import TvaeConfig
from GAN.tvae.model import fit_model

_PROCESS = Path("/proc/self")


def table(rows: int, columns: int) -> pd.DataFrame:
    """Numbers; every third column has values that repeat."""
    values = np.random.default_rng(0).normal(size=(rows, columns))
    values[:, ::3] = values[:, ::3].round(1)
    return pd.DataFrame(values, columns=[f"x{index}" for index in range(columns)])


def fit(frame: pd.DataFrame) -> None:
    fit_model(frame, TvaeConfig(epochs=1), 0, lambda _loss: None)


def resident(field: str) -> int:
    """`VmRSS`, what the process has now, or `VmHWM`, the most that it had; bytes."""
    lines = (_PROCESS / "status").read_text().splitlines()
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith(field)))


def main(rows: int, columns: int) -> None:
    fit(table(600, columns))  # What is loaded and kept is not the table's.
    frame = table(rows, columns)
    (_PROCESS / "clear_refs").write_text("5")  # The most from here on.
    before = resident("VmRSS")
    fit(frame)
    took = resident("VmHWM") - before
    sys.stdout.write(json.dumps({"table": int(frame.memory_usage().sum()), "took": took}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
