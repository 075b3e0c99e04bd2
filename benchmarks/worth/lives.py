"""Lives in the columns of a seed: unit_id, cycle_hour, rul_hours, failure_mode, sensors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from GAN.prognosis.condition.sensors import Floats

COLUMNS = ("unit_id", "cycle_hour", "rul_hours", "failure_mode")


def sensors_of(lives: pd.DataFrame) -> list[str]:
    """Names of the sensors."""
    return [str(name) for name in lives if name not in COLUMNS]


def lengths(lives: pd.DataFrame) -> Floats:
    """Length of each life, hours, shape (units,)."""
    whole = lives["cycle_hour"] + lives["rul_hours"]
    return whole.groupby(lives["unit_id"]).first().to_numpy(np.float64)


def each(lives: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The rows of one unit after the other."""
    for _, life in lives.groupby("unit_id", sort=True):
        yield life


def life(hours: Floats, length: float, mode: str, readings: pd.DataFrame) -> pd.DataFrame:
    """One life from its parts.

    Args:
        hours: Hours since it began, shape (rows,).
        length: When it ends, hours.
        mode: How it ends.
        readings: The sensors, shape (rows, sensors).
    """
    head = {"unit_id": 0, "cycle_hour": hours, "rul_hours": length - hours, "failure_mode": mode}
    return pd.concat([pd.DataFrame(head), readings.reset_index(drop=True)], axis=1)


def numbered(lives: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Tables of one life each as one table, with units numbered from 1."""
    parts = [one.assign(unit_id=number) for number, one in enumerate(lives, 1)]
    return pd.concat(parts, ignore_index=True)
