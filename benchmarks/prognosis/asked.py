"""Rows of whole lives, as a predictor sees them, with what is right."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from GAN.prognosis.condition.features import thinned
from GAN.prognosis.condition.sensors import Floats
from GAN.prognosis.heads.error_distribution import HIGH, LOW, MEDIAN
from GAN.prognosis.predictor import Predictor


class Asked(NamedTuple):
    """Rows with their features, shape (n, features), and of each the age, RUL and unit."""

    rows: Floats
    age: Floats
    rul: Floats
    units: NDArray[np.intp]


def asked_rows(predictor: Predictor, lives: pd.DataFrame, most: int | None = None) -> Asked:
    """The rows of whole lives, or about `most` of them."""
    frame = lives.sort_values(["unit_id", "cycle_hour"], kind="stable").reset_index(drop=True)
    every = 1 if most is None else max(1, len(frame) // most)
    followed = predictor.follow(frame, thinned(frame, every))
    part = frame.iloc[followed.positions]
    age, rul = (part[name].to_numpy(np.float64) for name in ("cycle_hour", "rul_hours"))
    return Asked(followed.rows, age, rul, part["unit_id"].to_numpy())


def rul_quantiles(predictor: Predictor, asked: Asked) -> Floats:
    """The predictor's 5 %, 50 % and 95 % quantiles, hours, shape (n, 3)."""
    _, widened, _ = predictor.past.compare(asked.rows)
    return predictor.rul.quantiles(asked.rows, asked.age, widened)[:, [LOW, MEDIAN, HIGH]]
