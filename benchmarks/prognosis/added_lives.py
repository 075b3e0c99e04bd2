"""What a predictor of a few real lives should learn with them.

`python -m benchmarks.prognosis.added_lives FOLDER` draws known cells (see
`benchmarks.prognosis.cells`) and units of a simulated law, and asks about up to 40 others at random
times. Each figure is the geometric mean of a loss relative to that of real lives alone, with its
standard error.
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
from GAN.prognosis.evaluation import pinball_loss
from GAN.prognosis.heads.error_distribution import MEDIAN
from GAN.prognosis.predictor import Predictor
from GAN.prognosis.training_lives import (
    REAL,
    REAL_AND_MADE,
    REAL_AND_SIMULATED,
    lives_with,
    simulated_lives,
)

KNOWN_UNITS, DRAWS, SIMULATED = (3, 5, 7, 10, 20), 6, 100
#: Units that are asked about, at least.
FEWEST_ASKED = 15
MIXTURES = (REAL, REAL_AND_SIMULATED, REAL_AND_MADE)

Losses = dict[str, dict[str, float]]


def losses(draw: Draw) -> Losses:
    """Of each mixture: RMSE with RUL up to a limit, and pinball loss, both hours."""
    known, real = draw.known, RealUnits(draw.known.lives, None)
    simulated = simulated_lives(known.profile, SIMULATED, 1_000_000 + draw.number)
    kept = np.zeros(len(draw.unseen), dtype=np.bool_)
    kept[draw.cuts] = True
    rul = draw.unseen["rul_hours"].to_numpy(np.float64)[draw.cuts]
    age = draw.unseen["cycle_hour"].to_numpy(np.float64)
    found: Losses = {}
    for name in MIXTURES:
        lives = lives_with(name, real, simulated, known.profile, draw.number)
        predictor = Predictor.fit(known.profile, lives, known.step, sensor_forecast=False)
        followed = predictor.follow(draw.unseen, kept)
        widened = predictor.past.compare(followed.rows)[1]
        every = predictor.rul.quantiles(followed.rows, age[followed.positions], widened)
        quantiles = every[np.searchsorted(followed.positions, draw.cuts)]
        late = np.clip(quantiles[:, MEDIAN], 0.0, draw.cap) - np.minimum(rul, draw.cap)
        found[name] = {
            "rmse": float(np.sqrt(np.mean(np.square(late)))),
            "pinball": float(np.mean(pinball_loss(quantiles, rul))),
        }
    return found


def measured(folder: Path) -> Iterator[tuple[str, int, Losses]]:
    """The losses of all draws, by set and number of known units."""
    sets = {name: read() for name, read in all_sets(folder, None).items()}
    for number in range(DRAWS):
        for name, frame in sets.items():
            for known in KNOWN_UNITS:
                if frame["unit_id"].nunique() >= known + FEWEST_ASKED:
                    yield name, known, losses(drawn(frame, known, number))


def summary(draws: list[tuple[str, int, Losses]]) -> Iterator[dict[str, object]]:
    """A row for the measured sets and the law, each number of known units, loss and mixture."""
    for law in (False, True):
        for known in KNOWN_UNITS:
            found = [one for name, count, one in draws if (name == LAW) is law and count == known]
            for loss in ("rmse", "pinball"):
                for name in MIXTURES[1:]:
                    logs = [math.log(one[name][loss] / one[REAL][loss]) for one in found]
                    yield {
                        "sets": LAW if law else "measured",
                        "known": known,
                        "loss": loss,
                        "learnt from": name,
                        "draws": len(logs),
                        "ratio": round(math.exp(np.mean(logs)), 3),
                        "standard error": round(float(np.std(logs)) / math.sqrt(len(logs)), 3),
                    }


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
