"""How like unseen units the lives of a side are, next to two halves of the real units."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.worth.lives import each, lengths, sensors_of
from GAN.prognosis.condition.sensors import Floats

#: Rows of a window, windows of a life, and lives of a side that are compared.
WINDOW, WINDOWS, LIVES = 30, 10, 40
#: Settings of the judge.
JUDGE: dict[str, Any] = {
    "n_estimators": 100,
    "learning_rate": 0.1,
    "num_leaves": 7,
    "min_child_samples": 10,
    "colsample_bytree": 0.5,
    "max_bin": 63,
    "random_state": 0,
    "n_jobs": 1,
    "deterministic": True,
    "force_col_wise": True,
    "verbose": -1,
}


def likeness(lives: pd.DataFrame, unseen: pd.DataFrame) -> dict[str, float]:
    """KS distance of life lengths, and AUC of a judge of windows; 0 and 0.5 are perfect."""
    from scipy.stats import ks_2samp

    apart = float(ks_2samp(lengths(lives), lengths(unseen)).statistic)
    return {"lives_ks": apart, "windows_auc": _windows_auc(lives, unseen)}


def between_halves(frame: pd.DataFrame, number: int) -> dict[str, float]:
    """The null: the same figures between two halves of the real units, drawn at random."""
    ids = np.random.default_rng(number).permutation(frame["unit_id"].unique())
    first = frame["unit_id"].isin(ids[: len(ids) // 2])
    return likeness(frame[first], frame[~first])


def _windows_auc(first: pd.DataFrame, second: pd.DataFrame) -> float:
    """Of a judge that is asked about units that it has not seen, two folds."""
    import lightgbm
    from sklearn.metrics import roc_auc_score

    (rows_1, units_1), (rows_2, units_2) = _windows(first, 1), _windows(second, 2)
    rows, fold = np.vstack([rows_1, rows_2]), np.concatenate([units_1, units_2]) % 2
    origin = np.repeat([0, 1], [len(units_1), len(units_2)])
    found = []
    for held_out in (0, 1):
        learnt, asked = fold != held_out, fold == held_out
        if min(len(np.unique(origin[part])) for part in (learnt, asked)) < 2:
            continue
        share = np.bincount(origin[learnt]) / learnt.sum()
        judge = lightgbm.LGBMClassifier(**JUDGE)
        judge.fit(rows[learnt], origin[learnt], sample_weight=0.5 / share[origin[learnt]])
        found.append(
            roc_auc_score(origin[asked], np.asarray(judge.predict_proba(rows[asked]))[:, 1])
        )
    return float(np.mean(found)) if found else float("nan")


def _windows(lives: pd.DataFrame, seed: int) -> tuple[Floats, NDArray[np.intp]]:
    """Mean, standard deviation, that of the steps, and rise of windows, and the unit of each."""
    rng = np.random.default_rng(seed)
    sensors = sensors_of(lives)
    long = [one for one in each(lives) if len(one) >= WINDOW]
    chosen = rng.permutation(len(long))[:LIVES]
    rows, units = [np.empty((0, 4 * len(sensors)))], [np.empty(0, dtype=np.intp)]
    for unit, number in enumerate(chosen):
        readings = long[number][sensors].to_numpy(np.float64)
        starts = rng.integers(len(readings) - WINDOW + 1, size=WINDOWS)
        part = readings[starts[:, None] + np.arange(WINDOW)]
        third = WINDOW // 3
        rise = part[:, -third:].mean(axis=1) - part[:, :third].mean(axis=1)
        steps = np.diff(part, axis=1).std(axis=1)
        rows.append(np.hstack([part.mean(axis=1), part.std(axis=1), steps, rise]))
        units.append(np.full(WINDOWS, unit, dtype=np.intp))
    return np.vstack(rows), np.concatenate(units)
