"""`make chaos`; docs/reliability.md describes what it checks."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from benchmarks.chaos.run import Outcome, run


@click.command()
@click.option("--database", "databases", multiple=True, type=click.Choice(["sqlite", "postgresql"]))
@click.option("--machines", default=300, show_default=True)
@click.option("--kills", default=110, show_default=True, help="Processes to kill.")
@click.option("--workers", default=5, show_default=True)
@click.option("--lease", default=3.0, show_default=True, help="Seconds.")
@click.option("--seconds", default=0.5, show_default=True, help="How long a stage takes.")
@click.option("--seed", default=0, show_default=True, help="Of the misfortunes and their order.")
@click.option("--json", "target", type=click.Path(path_type=Path), help="Write the figures here.")
def main(
    databases: tuple[str, ...],
    machines: int,
    kills: int,
    workers: int,
    lease: float,
    seconds: float,
    seed: int,
    target: Path | None,
) -> None:
    """Run a fleet through the chain while faults are injected; exit 1 if a guarantee is broken."""
    outcomes = []
    for database in databases or ("sqlite", "postgresql"):
        click.echo(f"{database}: {machines} machines, {kills} kills, seed {seed}", err=True)
        outcomes.append(
            run(
                database,
                machines=machines,
                kills=kills,
                workers=workers,
                lease_seconds=lease,
                stage_seconds=seconds,
                seed=seed,
                say=lambda text: click.echo(text, err=True),
            )
        )
    _print(outcomes)
    text = json.dumps([asdict(outcome) for outcome in outcomes], indent=2)
    if target is not None:
        target.write_text(text)
    click.echo(text)
    sys.exit(0 if all(not outcome.broken_promises for outcome in outcomes) else 1)


def _print(outcomes: list[Outcome]) -> None:
    table = Table("", *(outcome.database for outcome in outcomes), title="Chaos")
    for name, cells in _rows(outcomes):
        table.add_row(name, *cells)
    Console(stderr=True).print(table)


def _rows(outcomes: list[Outcome]) -> list[tuple[str, list[str]]]:
    rows = [
        ("machines onboarded", [f"{one.onboarded} of {one.machines}" for one in outcomes]),
        ("broken promises", [str(len(one.broken_promises)) for one in outcomes]),
        ("total time", [f"{one.seconds:.0f} s" for one in outcomes]),
    ]
    misfortunes = sorted({name for one in outcomes for name in one.misfortunes})
    rows += [
        (name, [str(one.misfortunes.get(name, 0)) for one in outcomes]) for name in misfortunes
    ]
    rows += [(name, [str(one.counts[name]) for one in outcomes]) for name in outcomes[0].counts]
    for kind in ("worker", "stage process"):
        rows.append(
            (
                f"from SIGKILL of a {kind} to running again: p50 / p99 / max",
                [
                    f"{x.p50:.2f} / {x.p99:.2f} / {x.max:.2f} s ({x.count})" if x else "none hit"
                    for one in outcomes
                    for x in [one.rescues[kind]]
                ],
            )
        )
    return rows


if __name__ == "__main__":
    main()
