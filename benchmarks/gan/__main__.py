"""Stock SDV and ours in turn, on both tables, one thread."""

from __future__ import annotations

import json
import os
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

# Before torch is imported: the same for both.
os.environ["OMP_NUM_THREADS"] = "1"

import click
import pandas as pd
from rich.console import Console
from rich.table import Table

from benchmarks.gan.figures import MORE_IS_BETTER, Likeness, likeness
from benchmarks.gan.tables import LABELS, TABLES
from GAN.config.tvae_config import DEFAULT_EPOCHS, TvaeConfig
from GAN.tvae.model import fit_model
from GAN.tvae.stock import to_stock

SAMPLED = 50_000
#: Columns of the printed table, characters.
WIDTH = 140
#: Another seed than any that is learnt from.
FRESH = 99
_TABLE = "table"

Sampler = Callable[[int], pd.DataFrame]


@dataclass(frozen=True)
class Run:
    """One fit and what came of it.

    Attributes:
        fit_seconds: From the table to something that samples, and for `ours in stock` to the
            saved pickle.
        sample_seconds: Of `SAMPLED` rows.
    """

    table: str
    system: str
    seed: int
    fit_seconds: float
    sample_seconds: float
    likeness: Likeness


def _metadata(frame: pd.DataFrame) -> dict[str, Any]:
    columns = {name: {"sdtype": "categorical" if name in LABELS else "numerical"} for name in frame}
    return {
        "tables": {_TABLE: {"columns": columns}},
        "relationships": [],
        "METADATA_SPEC_VERSION": "V2",
    }


def stock(frame: pd.DataFrame, seed: int, epochs: int) -> Sampler:
    """Fit SDV's TVAESynthesizer as it comes."""
    import numpy as np
    import torch
    from sdv.metadata import Metadata
    from sdv.single_table import TVAESynthesizer

    np.random.seed(seed)
    torch.manual_seed(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        synthesizer = TVAESynthesizer(
            Metadata.load_from_dict(_metadata(frame)), epochs=epochs, enable_gpu=False
        )
        synthesizer.fit({_TABLE: frame})
    return lambda rows: synthesizer.sample(rows)[_TABLE]


def ours(frame: pd.DataFrame, seed: int, epochs: int) -> Sampler:
    """Fit our model."""
    model, _ = fit_model(frame, TvaeConfig(epochs=epochs), seed, lambda _loss: None)
    return lambda rows: model.sample(rows, seed + 1)


def ours_in_stock(frame: pd.DataFrame, seed: int, epochs: int) -> Sampler:
    """Fit our model, save it as a stock pickle, and let SDV load that."""
    from sdv.utils import load_synthesizer

    model, _ = fit_model(frame, TvaeConfig(epochs=epochs), seed, lambda _loss: None)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pkl"
        to_stock(model, frame, _metadata(frame), _TABLE, epochs).save(path)
        synthesizer = load_synthesizer(path)
    return lambda rows: synthesizer.sample(rows)[_TABLE]


def measure(table: str, system: str, fit: Callable[..., Sampler], seed: int, epochs: int) -> Run:
    """Fit, sample and judge once."""
    real, fresh = TABLES[table](0), TABLES[table](FRESH)
    began = time.perf_counter()
    sample = fit(real, seed, epochs)
    fitted = time.perf_counter()
    rows = sample(SAMPLED)
    sampled = time.perf_counter()
    return Run(table, system, seed, fitted - began, sampled - fitted, likeness(real, rows, fresh))


@click.command()
@click.option("--seeds", default=5, show_default=True, help="Fits of each system on each table.")
@click.option("--stock-epochs", default=300, show_default=True)
@click.option("--epochs", default=DEFAULT_EPOCHS, show_default=True, help="Of ours, hard table.")
@click.option("--few-epochs", default=10, show_default=True, help="Of ours, both tables.")
@click.option("--json", "target", type=click.Path(path_type=Path), help="Write the figures here.")
def main(seeds: int, stock_epochs: int, epochs: int, few_epochs: int, target: Path | None) -> None:
    """Print times and likeness, medians over the seeds, and how often faster ours is."""
    own = {"easy": [few_epochs], "hard": [few_epochs, epochs]}
    for fit in (ours, ours_in_stock, stock):  # What is loaded and compiled once is not timed.
        fit(TABLES["easy"](1).head(600), 0, 1)(100)
    runs: list[Run] = []
    for seed in range(seeds):
        for table in TABLES:
            runs.append(measure(table, "stock", stock, seed, stock_epochs))
            for count in own[table]:
                runs += [
                    measure(table, f"ours, {count} epochs", ours, seed, count),
                    measure(table, f"the same in stock, {count}", ours_in_stock, seed, count),
                ]
    Console(width=WIDTH).print(_shown(runs))
    if target is not None:
        target.write_text(json.dumps([asdict(run) for run in runs], indent=2))


def _shown(runs: list[Run]) -> Table:
    names = list(Likeness.__dataclass_fields__)
    shown = Table("table", "system", "fit s", "× faster", "sample s", "× faster", *names)
    for table in TABLES:
        of_table = [run for run in runs if run.table == table]
        stock_fit, stock_sample = _times([run for run in of_table if run.system == "stock"])
        for system in dict.fromkeys(run.system for run in of_table):
            own = [run for run in of_table if run.system == system]
            fit, sample = _times(own)
            figures = [_median(own, name) for name in names]
            times = [f"{fit:.2f}", f"{stock_fit / fit:.0f}"]
            times += [f"{sample:.2f}", f"{stock_sample / sample:.1f}"]
            shown.add_row(table, system, *times, *(f"{figure:.4f}" for figure in figures))
        best = likeness(*(TABLES[table](seed) for seed in (0, FRESH + 1, FRESH)))
        figures = [getattr(best, name) for name in names]
        shown.add_row(table, "fresh rows", "", "", "", "", *(f"{figure:.4f}" for figure in figures))
    shown.caption = f"More is better: {', '.join(MORE_IS_BETTER)}."
    return shown


def _times(runs: list[Run]) -> tuple[float, float]:
    """Of a fit and of sampling, seconds."""
    return median(run.fit_seconds for run in runs), median(run.sample_seconds for run in runs)


def _median(runs: list[Run], name: str) -> float:
    return float(median(getattr(run.likeness, name) for run in runs))


if __name__ == "__main__":
    main()
