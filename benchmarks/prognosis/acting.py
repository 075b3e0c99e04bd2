"""What acting on predictions costs, compared with knowing when every unit fails.

A failure costs as much as ten planned stops. A life ends when it is stopped, or fails. Cost of a
policy: planned stops and failures per hour of use, relative to a stop just before every failure
(renewal-reward: Barlow and Proschan, "Mathematical Theory of Reliability", 1965).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.prognosis.asked import asked_rows
from GAN.prognosis.condition.sensors import Floats
from GAN.prognosis.heads.error_distribution import probability_within
from GAN.prognosis.predictor import Predictor

#: A failure costs this many planned stops.
FAILURE_COST = 10.0
#: A unit is stopped when its probability of failure within `HORIZON_HOURS` reaches this.
STOP_AT = 1 / (1 + FAILURE_COST)
#: Hours, but at least a time step. Every row is a decision.
HORIZON_HOURS = 8.0


def costs(predictor: Predictor, lives: pd.DataFrame) -> dict[str, float]:
    """Cost of each policy; 1 is knowing everything.

    Args:
        predictor: The predictor.
        lives: Whole lives that it has not seen.
    """
    frame = lives.sort_values(["unit_id", "cycle_hour"], kind="stable").reset_index(drop=True)
    rows, age, rul, names = asked_rows(predictor, frame)
    units, index = np.unique(names, return_inverse=True)
    life = np.array([(age + rul)[index == unit].max() for unit in range(len(units))])
    _, widened, _ = predictor.past.compare(rows)
    quantiles = predictor.rul.quantiles(rows, age, widened)
    step = max(HORIZON_HOURS, 1.01 * predictor.sensors.step_hours)
    sensors, readings = predictor.sensors, frame[list(predictor.sensors.names)].to_numpy()
    beyond = np.where(sensors.rising, readings - sensors.alarm, sensors.alarm - readings)

    def first(stop: NDArray[np.bool_]) -> Floats:
        """Age at which each unit is stopped; infinite if it is not."""
        found = np.full(len(units), np.inf)
        stopped = np.flatnonzero(stop & (rul > 0))
        np.minimum.at(found, index[stopped], age[stopped])
        return found

    with np.errstate(invalid="ignore"):
        over = np.asarray((beyond > 0).any(axis=1))
    known = predictor.lives
    ages = np.linspace(0.05, 1.0, 96) * known.max()
    best_age = ages[np.argmin([_rate(np.full(len(known), each), known) for each in ages])]
    least = _rate(life - 1e-6, life)
    stops = {
        "predictor": first(probability_within(quantiles, step) >= STOP_AT),
        "run to failure": np.full(len(units), np.inf),
        "best age": np.full(len(units), best_age),
        "alarm value": first(over),
    }
    return {name: _rate(stop, life) / least for name, stop in stops.items()}


def _rate(stops: Floats, lives: Floats) -> float:
    """Cost per hour of use when lives are stopped at these ages."""
    failed = stops >= lives
    return float(np.where(failed, FAILURE_COST, 1.0).sum() / np.minimum(stops, lives).sum())
