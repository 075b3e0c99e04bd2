"""`make bench-gates`: how often gates find spoilt sets, and how often they reject good ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import click
import pandas as pd
from threadpoolctl import threadpool_limits

from benchmarks.gan.judged_sets import good, of_differing_units, of_regimes, ours, spoilt
from benchmarks.gan.spoiling import WAYS
from GAN.evaluation.gates import Light
from GAN.evaluation.quality_report import QualityReport

#: Good sets of which there are more draws.
GOOD = ("fresh units", "our sets")


def outcome(report: QualityReport) -> dict[str, bool]:
    """Whether a report rejects, whether it passes with care, and which gates are poor."""
    poor = {gate.metric: gate.light is Light.POOR for gate in report.gates}
    return {"rejected": not report.passed, "usable with care": report.with_care} | poor


def in_turn(draws: Mapping[str, int]) -> list[str]:
    """Names so that all are about as far at any time: a run that was stopped has all of them."""
    turns = [((draw + 1) / count, name) for name, count in draws.items() for draw in range(count)]
    return [name for _, name in sorted(turns)]


@click.command()
@click.option("--draws", default=20, show_default=True, help="Draws of each spoilt set.")
@click.option("--good", "good_draws", default=100, show_default=True, help="Draws of good sets.")
@click.option("--json", "target", type=click.Path(path_type=Path), help="Write the results here.")
def main(draws: int, good_draws: int, target: Path | None) -> None:
    """Print the shares of draws; a gate is named if it is poor in any."""
    reports = {
        "fresh units": good(good_draws),
        "our sets": ours(good_draws),
        **{way: spoilt(way, draws) for way in WAYS},
        "units that differ together, as known": of_differing_units(draws, together=True),
        "unit effects independent, unlike known": of_differing_units(draws, together=False),
        "operating regimes, as known": of_regimes(draws, blurred=False),
        "operating regimes blurred": of_regimes(draws, blurred=True),
    }
    found: dict[str, list[dict[str, bool]]] = {name: [] for name in reports}
    shares: dict[str, dict[str, float]] = {}
    with threadpool_limits(1):
        for name in in_turn(dict.fromkeys(reports, draws) | dict.fromkeys(GOOD, good_draws)):
            found[name].append(outcome(next(reports[name])))
            share = pd.DataFrame(found[name]).mean().round(3)
            shares[name] = {"draws": len(found[name]), **{str(k): v for k, v in share.items()}}
            if target is not None:
                done = {kind: shares[kind] for kind in reports if kind in shares}
                target.write_text(json.dumps(done, indent=1) + "\n", encoding="utf-8")
    for name in reports:
        fired = {gate: share for gate, share in shares[name].items() if share}
        click.echo(f"{name}: {fired}")


if __name__ == "__main__":
    main()
