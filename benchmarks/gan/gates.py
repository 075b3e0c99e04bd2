"""`make bench-gates`: how often gates find spoilt sets, and how often they reject good ones."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import click
import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.gan.judged_sets import good, of_differing_units, of_regimes, ours, spoilt
from benchmarks.gan.spoiling import WAYS
from GAN.config.quality_gates import GATES
from GAN.evaluation.gates import Light
from GAN.evaluation.quality_report import QualityReport


def shares(reports: Iterable[QualityReport]) -> dict[str, float]:
    """Shares of the reports that reject, that pass with care, and in which each gate is poor."""
    every = list(reports)
    found = {
        "rejected": np.mean([not report.passed for report in every]),
        "usable with care": np.mean([report.with_care for report in every]),
    }
    for place, metric in enumerate(GATES):
        found[metric] = np.mean([report.gates[place].light is Light.POOR for report in every])
    return {name: round(float(share), 3) for name, share in found.items()}


@click.command()
@click.option("--draws", default=20, show_default=True, help="Draws of each spoilt set.")
@click.option("--good", "good_draws", default=100, show_default=True, help="Draws of good sets.")
@click.option("--json", "target", type=click.Path(path_type=Path), help="Write the results here.")
def main(draws: int, good_draws: int, target: Path | None) -> None:
    """Print the shares of draws; a gate is named if it is poor in any."""
    results = {}
    with threadpool_limits(1):
        sets = {
            "fresh units": good(good_draws),
            "our sets": ours(good_draws),
            **{way: spoilt(way, draws) for way in WAYS},
            "units that differ together, as known": of_differing_units(draws, together=True),
            "unit effects independent, unlike known": of_differing_units(draws, together=False),
            "operating regimes, as known": of_regimes(draws, blurred=False),
            "operating regimes blurred": of_regimes(draws, blurred=True),
        }
        for name, reports in sets.items():
            results[name] = shares(reports)
            fired = {gate: share for gate, share in results[name].items() if share}
            click.echo(f"{name}: {fired}")
            if target is not None:
                target.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
