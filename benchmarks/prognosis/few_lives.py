"""What a predictor of a few real lives should learn with them.

`python -m benchmarks.prognosis.few_lives FOLDER` draws known cells (see
`benchmarks.prognosis.cells`) and units of a simulated law, and asks about up to 40 others at random
times. Losses are geometric means, relative to those of real lives alone. Intervals are as they were
learnt; the choice of the product sets their width by real units.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.worth.draws import Draw, drawn
from benchmarks.worth.sets import LAW, all_sets
from GAN.datasets.real_units import RealUnits
from GAN.prognosis.choice import choose
from GAN.prognosis.evaluation import pinball_loss
from GAN.prognosis.heads.error_distribution import HIGH, LOW, MEDIAN
from GAN.prognosis.predictor import Predictor
from GAN.prognosis.training_lives import (
    REAL,
    REAL_AND_MADE,
    REAL_AND_SIMULATED,
    lives_with,
    simulated_lives,
)
from GAN.progress import silent

KNOWN_UNITS, DRAWS, SIMULATED = (3, 5, 7, 10), 3, 100
#: Units that are asked about, at least.
FEWEST_ASKED = 15
MIXTURES, CHOICE = (REAL, REAL_AND_SIMULATED, REAL_AND_MADE), "the choice of the product"

Losses = dict[str, dict[str, float]]


def losses(draw: Draw) -> Losses:
    """Of each mixture and of the choice; see `_losses`."""
    known, real = draw.known, RealUnits(draw.known.lives, None)
    simulated = simulated_lives(known.profile, SIMULATED, 1_000_000 + draw.number)
    found: Losses = {}
    for name in MIXTURES:
        lives = lives_with(name, real, simulated, known.profile, draw.number)
        predictor = Predictor.fit(known.profile, lives, known.step, sensor_forecast=False)
        found[name] = _losses(predictor, draw)
    chosen = choose(known.profile, real, known.lives, draw.number, silent)
    return found | {CHOICE: _losses(chosen.predictor, draw)}


def _losses(predictor: Predictor, draw: Draw) -> dict[str, float]:
    """RMSE with RUL up to a limit and pinball loss, hours, and the coverage of 90 % intervals."""
    kept = np.zeros(len(draw.unseen), dtype=np.bool_)
    kept[draw.cuts] = True
    rul = draw.unseen["rul_hours"].to_numpy(np.float64)[draw.cuts]
    age = draw.unseen["cycle_hour"].to_numpy(np.float64)
    followed = predictor.follow(draw.unseen, kept)
    wider = predictor.past.compare(followed.rows)[1]
    every = predictor.rul.quantiles(followed.rows, age[followed.positions], wider)
    quantiles = every[np.searchsorted(followed.positions, draw.cuts)]
    late = np.clip(quantiles[:, MEDIAN], 0.0, draw.cap) - np.minimum(rul, draw.cap)
    return {
        "rmse": float(np.sqrt(np.mean(np.square(late)))),
        "pinball": float(np.mean(pinball_loss(quantiles, rul))),
        "coverage": float(np.mean((rul >= quantiles[:, LOW]) & (rul <= quantiles[:, HIGH]))),
    }


def measured(folder: Path) -> Iterator[tuple[str, int, Losses]]:
    """The losses of all draws, by set and number of known units."""
    sets = {name: read() for name, read in all_sets(folder, None).items()}
    for number in range(DRAWS):
        for name, frame in sets.items():
            for known in KNOWN_UNITS:
                if frame["unit_id"].nunique() >= known + FEWEST_ASKED:
                    yield name, known, losses(drawn(frame, known, number))


def summary(draws: list[tuple[str, int, Losses]]) -> Iterator[dict[str, object]]:
    """A row for the measured sets and the law, each number of known units, and mixture."""
    for law in (False, True):
        for known in KNOWN_UNITS:
            found = [one for name, count, one in draws if (name == LAW) is law and count == known]
            for name in (*MIXTURES, CHOICE):
                row: dict[str, object] = {"sets": LAW if law else "measured", "known": known}
                row |= {"learnt from": name, "draws": len(found)}
                for loss in ("rmse", "pinball"):
                    logs = [math.log(one[name][loss] / one[REAL][loss]) for one in found]
                    row[loss] = round(math.exp(np.mean(logs)), 3)
                    row[f"{loss} standard error"] = round(np.std(logs) / math.sqrt(len(logs)), 3)
                row["coverage"] = round(float(np.mean([one[name]["coverage"] for one in found])), 3)
                yield row


def main() -> None:
    """Measure all draws."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="measured cells")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    draws = []
    for name, known, one in measured(options.folder):
        draws.append((name, known, one))
        print(f"{len(draws)}: {name}, {known} known", flush=True)  # noqa: T201
    rows = list(summary(draws))
    for row in rows:
        print(*row.values(), sep=" | ")  # noqa: T201
    if options.json:
        lines = ",\n".join(json.dumps(row) for row in rows)
        options.json.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
