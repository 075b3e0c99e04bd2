"""How good predictors are on measured lives: battery cells that were cycled until worn out.

`python -m benchmarks.prognosis.cells FOLDER` learns from 10 or 30 cells of a set and asks about up
to 40 others. FOLDER holds `cells_mit.parquet` and `cells_tju.parquet`: features of Severson et al.
2019 (data.matr.io) and of TJU (Zenodo 6405084) by Wang et al., Nature Communications 2024,
s41467-024-48779-z. A cycle counts as an hour. Figures are in per cent of the mean life.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.prognosis.alternatives import (
    by_age,
    conformal_quantiles,
    one_booster,
    window_features,
    with_errors_by_size,
)
from benchmarks.prognosis.asked import asked_rows, rul_quantiles
from benchmarks.prognosis.scores import interval_scores
from GAN.importing.conversion import Runs
from GAN.importing.profile_inference import derive_profile
from GAN.prognosis.condition.sensors import Floats
from GAN.prognosis.heads.boosting import equal_unit_weights
from GAN.prognosis.predictor import Predictor

#: Sets: the file, and the batch in it; None: all of it.
SETS = {"mit": ("cells_mit.parquet", None), "nca": ("cells_tju.parquet", "nca")}
SETS["ncm"] = ("cells_tju.parquet", "ncm")
KNOWN, ASKED = (10, 30), 40
#: About this many rows of a life are used.
_ROWS_PER_LIFE = 200
_NOT_SENSORS = ["unit_id", "cycle_hour", "rul_hours", "failure_mode"]


def cells(folder: Path, name: str) -> pd.DataFrame:
    """The lives of a set, in the columns of a seed."""
    return batch_of_cells(folder, *SETS[name])


def batch_of_cells(folder: Path, file: str, batch: str | None) -> pd.DataFrame:
    """The lives of a file, or of one batch in it, in the columns of a seed."""
    raw = pd.read_parquet(folder / file)
    if batch is not None:
        raw = raw[raw["batch"] == batch]
    unit = pd.factorize(raw["batch"].astype(str) + "/" + raw["cell"].astype(str))[0] + 1
    sensors = raw.drop(columns=["batch", "cell", "cycle"]).astype(np.float64)
    sensors.columns = [str(column).lower() for column in sensors]
    sensors = sensors.replace([np.inf, -np.inf], np.nan)
    sensors = sensors.groupby(unit).transform(lambda each: each.interpolate(limit_direction="both"))
    cycle = raw["cycle"].to_numpy(np.float64)
    life = raw["cycle"].groupby(unit).transform("max").to_numpy(np.float64)
    every = max(1, int(np.mean(raw["cycle"].groupby(unit).max()) // _ROWS_PER_LIFE))
    frame = pd.DataFrame(
        {"unit_id": unit, "cycle_hour": cycle, "rul_hours": life - cycle, "failure_mode": "worn"}
    )
    frame = pd.concat([frame, sensors.reset_index(drop=True)], axis=1)
    frame = frame[frame["cycle_hour"] % every == 0].sort_values(["unit_id", "cycle_hour"])
    # Lives of a seed begin at hour 0.
    return frame.assign(cycle_hour=frame["cycle_hour"] - every).reset_index(drop=True)


def compared(frame: pd.DataFrame, known: int, draw: int) -> dict[str, dict[str, float]]:
    """The metrics of the predictor and its alternatives, one draw of known and asked cells."""
    ids = frame["unit_id"].unique()
    order = np.random.default_rng(1000 * known + draw).permutation(ids)
    mine = frame["unit_id"].isin(order[:known]).to_numpy()
    other = frame["unit_id"].isin(order[known : known + ASKED]).to_numpy()
    lives, others = frame[mine].reset_index(drop=True), frame[other].reset_index(drop=True)
    renumbered = lives.assign(unit_id=pd.factorize(lives["unit_id"])[0] + 1)
    profile = derive_profile(
        "cells_001", Runs(renumbered, (), (), renumbered.head(0), ()), {}, "cells"
    )
    step = float(np.median(np.diff(lives["cycle_hour"].to_numpy()[:20])))
    predictor = Predictor.fit(profile, renumbered, step)
    asked, learnt = asked_rows(predictor, others), asked_rows(predictor, renumbered)
    sensors = [str(name) for name in frame if name not in _NOT_SENSORS]
    window, known_window = window_features(others, sensors), window_features(renumbered, sensors)
    answers = {
        "predictor": rul_quantiles(predictor, asked),
        "by age": by_age(predictor.lives, asked.age),
        "line": _line(renumbered, others),
        "CQR": conformal_quantiles(known_window, learnt.rul, learnt.units, window),
        "one booster": one_booster(learnt.rows, learnt.rul, learnt.units, asked.rows),
    }
    scale = 100.0 / float(frame.groupby("unit_id")["cycle_hour"].max().mean())
    found = {}
    for name, quantiles in answers.items():
        scores = interval_scores(quantiles, asked)
        found[name] = {
            metric: value * (1.0 if "coverage" in metric else scale)
            for metric, value in scores.items()
        }
    return found


def _line(known: pd.DataFrame, asked: pd.DataFrame) -> Floats:
    """The straight line of the capacity to the known cells' median last one.

    Of slopes over 10 rows, 40 rows and the whole life, the one that is best on the known cells,
    with the distribution of its errors there.
    """
    end = float(known.groupby("unit_id")["capacity"].last().median())
    most = float(known["rul_hours"].max())

    def hours(frame: pd.DataFrame, window: int) -> Floats:
        found = []
        for _, life in frame.groupby("unit_id", sort=False):
            pair = life[["cycle_hour", "capacity"]].reset_index(drop=True)
            rolling = pair.rolling(window, min_periods=2)
            slope = rolling["capacity"].cov(pair["cycle_hour"]) / rolling["cycle_hour"].var()
            left = (pair["capacity"] - end).clip(lower=0.0)
            found.append((left / (-slope).clip(lower=1e-12)).fillna(most).clip(0.0, most))
        return np.concatenate(found)

    weight = equal_unit_weights(known["unit_id"].to_numpy())
    truth = known["rul_hours"].to_numpy(np.float64)
    errors = {
        window: float(np.average(np.abs(hours(known, window) - truth), weights=weight))
        for window in (10, 40, 100_000)
    }
    best = min(errors, key=errors.__getitem__)
    units = known["unit_id"].to_numpy()
    return with_errors_by_size(hours(known, best), truth, units, hours(asked, best))


def mean_scores(draws: list[dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    """The mean of each metric over several draws."""
    return {
        name: {metric: float(np.mean([draw[name][metric] for draw in draws])) for metric in scores}
        for name, scores in draws[0].items()
    }


def table(results: Mapping[str, dict[str, dict[str, float]]]) -> Iterator[str]:
    """Markdown: a row a set, a column an alternative."""
    names = list(next(iter(results.values())))
    yield f"| set, known cells | {' | '.join(names)} |"
    yield "|---" * (len(names) + 1) + "|"
    for case, found in results.items():
        cells_of_row = [
            f"{one['mae']:.1f} (late {one['late_mae']:.1f}), {one['coverage']:.2f} "
            f"(late {one['late_coverage']:.2f}), {one['width']:.0f}, {one['pinball']:.2f}"
            for one in found.values()
        ]
        yield f"| {case} | {' | '.join(cells_of_row)} |"


def main() -> None:
    """Compare on all sets."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--draws", type=int, default=6)
    options = parser.parse_args()
    results: dict[str, Any] = {}
    for name in SETS:
        frame = cells(options.folder, name)
        for known in KNOWN:
            draws = [compared(frame, known, draw) for draw in range(options.draws)]
            results[f"{name} {known}"] = mean_scores(draws)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print("Mean absolute error, coverage of the 90 % interval, its width, pinball loss:\n")  # noqa: T201
    print("\n".join(table(results)))  # noqa: T201


if __name__ == "__main__":
    main()
