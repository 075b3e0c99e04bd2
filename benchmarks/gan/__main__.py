"""Stock SDV and ours in turn, on the easy and the hard table, one thread."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, fields
from pathlib import Path

# Before torch is imported; the same for both systems.
os.environ["OMP_NUM_THREADS"] = "1"

import click
from rich.console import Console
from rich.table import Table

from benchmarks.gan.measure import FRESH, Run, measure
from benchmarks.gan.metrics import MORE_IS_BETTER, Fidelity, fidelity, learnt_rul
from benchmarks.gan.systems import ours, ours_in_stock, stock
from benchmarks.gan.tables import TABLES
from benchmarks.gan.targets import Medians, Target, judged
from GAN.config.tvae_config import DEFAULT_EPOCHS

#: Width of the printed table, characters.
WIDTH = 150
#: Tables on which stock SDV is measured as well.
COMPARED = ("easy", "hard")


@click.command()
@click.option(
    "--seeds",
    type=click.IntRange(1),
    default=5,
    show_default=True,
    help="Fits of each system on each table.",
)
@click.option("--stock-epochs", default=300, show_default=True)
@click.option("--epochs", default=DEFAULT_EPOCHS, show_default=True, help="Of ours, hard table.")
@click.option("--few-epochs", default=8, show_default=True, help="Of ours, both tables.")
@click.option("--json", "target", type=click.Path(path_type=Path), help="Write the results here.")
def main(seeds: int, stock_epochs: int, epochs: int, few_epochs: int, target: Path | None) -> None:
    """Print times and fidelity, medians over the seeds, and which targets are met."""
    short, default = (f"ours, {count} epochs" for count in (few_epochs, epochs))
    short_in_stock, default_in_stock = (f"{name}, in stock" for name in (short, default))
    with tempfile.TemporaryDirectory() as folder:
        for fit in (ours, ours_in_stock, stock):  # Loading and compiling is not timed.
            fit(TABLES["easy"](1).head(600), 0, 1)()(100, Path(folder) / "rows.parquet")
    tables = {name: TABLES[name] for name in COMPARED}
    real = {table: learnt_rul(make(0), make(FRESH))[0] for table, make in tables.items()}
    runs: list[Run] = []
    for seed in range(seeds):
        for table in tables:
            runs += [
                measure(table, "stock", stock, seed, stock_epochs),
                measure(table, short, ours, seed, few_epochs),
                measure(table, short_in_stock, ours_in_stock, seed, few_epochs),
            ]
        runs += [
            measure("hard", default, ours, seed, epochs),
            measure("hard", default_in_stock, ours_in_stock, seed, epochs),
        ]
        targets = judged(runs, real, short, short_in_stock, default)
        if target is not None:  # After each seed, because a run takes up to an hour.
            found = {
                "learnt_from_real_r2": real,
                "targets": [asdict(one) for one in targets],
                "runs": [asdict(run) for run in runs],
            }
            target.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
        click.echo(f"seed {seed + 1} of {seeds}: {_unmet(targets)}", err=True)
    Console(width=WIDTH).print(_shown(runs), _targets(targets))


def _unmet(targets: list[Target]) -> str:
    unmet = [f"{one.of}: {one.asked}, is {one.measured}" for one in targets if not one.met]
    return "; ".join(unmet) or f"all {len(targets)} targets are met so far"


def _shown(runs: list[Run]) -> Table:
    names = [field.name for field in fields(Fidelity)]
    shown = Table("table", "system", "fit s", "× faster", "sample s", "× faster", *names)
    for table in COMPARED:
        peer = Medians.of(runs, table, "stock")
        for system in dict.fromkeys(run.system for run in runs if run.table == table):
            own = Medians.of(runs, table, system)
            times = [f"{own.fit_seconds:.2f}", f"{peer.fit_seconds / own.fit_seconds:.0f}"]
            times += [f"{own.sample_seconds:.2f}"]
            times += [f"{peer.sample_seconds / own.sample_seconds:.1f}"]
            shown.add_row(table, system, *times, *_cells(own.fidelity))
        best = fidelity(*(TABLES[table](seed) for seed in (0, FRESH + 1, FRESH)))
        shown.add_row(table, "fresh rows", "", "", "", "", *_cells(best))
    shown.caption = f"Higher is better: {', '.join(MORE_IS_BETTER)}."
    return shown


def _cells(metrics: Fidelity) -> list[str]:
    return [f"{getattr(metrics, field.name):.4f}" for field in fields(Fidelity)]


def _targets(targets: list[Target]) -> Table:
    shown = Table("of", "asked", "measured", "met")
    for one in targets:
        shown.add_row(one.of, one.asked, one.measured, "yes" if one.met else "no")
    return shown


if __name__ == "__main__":
    main()
