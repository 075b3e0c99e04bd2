"""What generated lives are worth on units that nothing has seen.

`python -m benchmarks.worth FOLDER` measures the cells in FOLDER (see `benchmarks.prognosis.cells`)
and a simulated law; without FOLDER the law alone; with `--cmapss` NASA's simulated turbofans too. A
draw is a few known units of a set and cuts of up to 40 others. Every side makes lives out of the
known units of a draw; a learner learns from them and forecasts RUL at the cuts.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.worth.likeness.comparison import halves_of, likeness
from benchmarks.worth.measure import BOOSTING, LEARNERS, PAR, SIDES
from benchmarks.worth.plot import worth_plot
from benchmarks.worth.run import Plan, measured_draws
from benchmarks.worth.sets import all_sets
from benchmarks.worth.summary import LIKENESS, METRICS, agreement, summary
from benchmarks.worth.tables import agreement_sentence, error_table, likeness_table

KNOWN_UNITS, DRAWS, HALVES = (3, 5, 10, 20, 50), 10, 10


def main() -> None:
    """Measure all draws."""
    options = _options()
    sources = all_sets(options.folder, options.cmapss)
    frames = {name: sources[name]() for name in options.sets or sources}
    sides = [*options.sides, PAR] if options.par else options.sides
    plan = Plan(
        options.known, options.draws, sides, options.learners, options.processes, options.kept
    )
    draws = measured_draws(frames, plan)
    entries, both = summary(draws), agreement(draws)
    halves = {name: null(frame) for name, frame in frames.items()}
    if options.json:
        parts = {"halves": halves, "agreement": both}
        # A line each, because there are hundreds.
        lines = ",\n".join(json.dumps(entry) for entry in entries)
        text = f'{json.dumps(parts)[:-1]}, "sides": [\n{lines}\n]}}\n'
        options.json.write_text(text, encoding="utf-8")
    if options.plot:
        options.plot.write_text(worth_plot(entries, BOOSTING), encoding="utf-8")
    print("\n".join(report(entries, halves)))  # noqa: T201
    if both:
        print(f"\n{agreement_sentence(both)}")  # noqa: T201


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", help="measured cells")
    parser.add_argument("--cmapss", type=Path, help="folder with train_FD001.txt")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path, help="SVG")
    parser.add_argument("--kept", type=Path, help="draws are added here; those in it are done")
    parser.add_argument("--sets", nargs="+")
    parser.add_argument("--known", nargs="+", type=int, default=KNOWN_UNITS)
    parser.add_argument("--draws", type=int, default=DRAWS)
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=SIDES)
    parser.add_argument("--learners", nargs="+", choices=list(LEARNERS), default=list(LEARNERS))
    parser.add_argument("--par", action="store_true", help="SDV's PARSynthesizer too; hours")
    parser.add_argument("--processes", type=int, default=1)
    return parser.parse_args()


def null(frame: pd.DataFrame) -> dict[str, float]:
    """Likeness of two halves of a set, mean over several divisions."""
    found = [likeness(*halves_of(frame, number)) for number in range(HALVES)]
    return {metric: float(np.mean([one[metric] for one in found])) for metric in LIKENESS}


def report(
    entries: list[dict[str, Any]], halves: Mapping[str, Mapping[str, float]]
) -> Iterator[str]:
    """All tables."""
    learners = list(dict.fromkeys(entry["learner"] for entry in entries))
    for learner in learners:
        for metric in METRICS:
            yield f"\n{metric.upper()} by {learner}, ratio to the known units alone (95 %):\n"
            yield from error_table(entries, learner, metric)
    yield "\nKS distance of life lengths / AUC of windows, against unseen units:\n"
    yield from likeness_table(entries, learners[0], halves)


if __name__ == "__main__":
    main()
