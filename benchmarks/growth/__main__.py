"""`make bench-growth`: what a larger ledger costs.

Each operation is timed in a ledger of a few machines and in one of many. Times depend on the
machine, their ratio hardly does.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Mapping
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from benchmarks.growth.fill import fill
from benchmarks.growth.operations import Operation, operations
from benchmarks.site import site

#: An operation is repeated so often, unless that takes longer than so many seconds.
REPEATED, LONGEST_SECONDS = 20, 5.0


def measured(kind: str, machines: int) -> dict[str, float]:
    """The median time of each operation, ms.

    Args:
        kind: `sqlite` or `postgresql`.
        machines: How many the ledger has.
    """
    with site(kind) as place:
        fill(machines)
        todo: Mapping[str, Operation] = operations(machines, place.settings.home / "files")
        return {name: 1000 * _median_seconds(operation) for name, operation in todo.items()}


def _median_seconds(operation: Operation) -> float:
    taken: list[float] = []
    while len(taken) < REPEATED and sum(taken) < LONGEST_SECONDS:
        began = time.perf_counter()
        operation()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


@click.command(help=__doc__)
@click.option("--few", default=1_000, show_default=True, help="Machines of the small ledger.")
@click.option("--many", default=100_000, show_default=True, help="Machines of the large one.")
@click.option("--json", "path", type=click.Path(path_type=Path))
def main(few: int, many: int, path: Path | None) -> None:
    """Measure both databases."""
    table = Table(
        "operation",
        *(f"{name} {which}" for name in ("SQLite", "PostgreSQL") for which in ("ms", "ratio")),
    )
    found = {
        kind: {size: measured(kind, size) for size in (few, many)}
        for kind in ("sqlite", "postgresql")
    }
    for name in found["sqlite"][few]:
        cells = [name]
        for times in found.values():
            small, large = times[few][name], times[many][name]
            cells += [f"{small:.1f} / {large:.1f}", f"{large / small:.1f}"]
        table.add_row(*cells)
    Console(width=110).print(table)
    if path:
        path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


main()
