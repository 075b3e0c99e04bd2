"""Tables of all kinds of columns, and how well samples of a model are separated from them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict

from GAN.config.tvae_config import TvaeConfig
from GAN.tvae.model import TableModel, fit_model


def mixed(rows: int, seed: int) -> pd.DataFrame:
    """Regimes, a skewed and a heavy-tailed sensor, a count, an atom, labels, a constant."""
    rng = np.random.default_rng(seed)
    health, regime = rng.random(rows), rng.choice(3, rows, p=[0.5, 0.3, 0.2])
    load = np.array([0.0, 10.0, 35.0])[regime]
    return pd.DataFrame(
        {
            "health": health,
            "regime": np.array(["low", "mid", "high"], dtype=object)[regime],
            "load": load + rng.normal(0, 0.3, rows),
            "wear": 3 * health + 0.05 * load + rng.normal(0, 0.2, rows),
            "skewed": np.exp(2 * health + rng.normal(0, 0.2, rows)),
            "tailed": health + 0.2 * rng.standard_t(3, rows),
            "count": rng.poisson(1 + 5 * health).astype(np.int64),
            "floored": np.maximum(health - 0.3 + rng.normal(0, 0.1, rows), 0.0),
            "alarm": rng.random(rows) < health**3,
            "same": 4.0,
        }
    )


def gaps(frame: pd.DataFrame) -> pd.DataFrame:
    """Where the health is low the wear is often not measured."""
    rng = np.random.default_rng(9)
    missing = rng.random(len(frame)) < 0.6 * (1 - frame["health"])
    return frame.assign(
        wear=frame["wear"].where(~missing),
        regime=frame["regime"].where(rng.random(len(frame)) > 0.1),
    )


def c2st_auc(a: pd.DataFrame, b: pd.DataFrame) -> float:
    """AUC of a classifier that separates the rows of two tables; 0.5 means not separable."""
    both = pd.concat([a, b]).apply(lambda c: c if c.dtype.kind == "f" else pd.factorize(c)[0])
    origin = np.repeat([0, 1], [len(a), len(b)])
    judge = HistGradientBoostingClassifier(max_iter=40, random_state=0)
    shares = cross_val_predict(judge, both, origin, cv=3, method="predict_proba")[:, 1]
    return float(roc_auc_score(origin, shares))


def learn(frame: pd.DataFrame, epochs: int = 40, seed: int = 0, **limits: Any) -> TableModel:
    return fit_model(frame, TvaeConfig(epochs=epochs), seed, lambda _loss: None, limits)


def near_a_limit() -> tuple[pd.DataFrame, TableModel]:
    """A number of which many values are close to the least that is possible, and its model."""
    rng = np.random.default_rng(0)
    x = np.abs(rng.normal(size=5_000))
    frame = pd.DataFrame({"x": x, "y": x + rng.normal(0, 0.05, 5_000)})
    return frame, learn(frame, 10, x=(0.0, 10.0), y=(-1.0, 10.0))
