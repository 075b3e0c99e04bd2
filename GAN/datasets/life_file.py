"""The readings of one life of a unit in service, as a file in the columns of a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from GAN.profiles.profile import MachineProfile

_MS_PER_HOUR = 3_600_000


@dataclass(frozen=True)
class LifeOfUnit:
    """A life that has ended.

    Attributes:
        life: 1, 2, …
        began_at: ms since 1970; likewise `ended_at`.
        failed: Whether the unit failed; otherwise its RUL was never known.
        failure_mode: How it failed; None if that is not known.
        rows: Time (ms) and one float64 for each sensor of the profile (little-endian), by time.
            Readings that are not finite become missing ones.
    """

    unit: str
    life: int
    began_at: int
    ended_at: int
    failed: bool
    failure_mode: str | None
    rows: Sequence[tuple[int, bytes]]


def write_life(profile: MachineProfile, life: LifeOfUnit, path: Path) -> None:
    """Write a life; `unit_id` is the number of the life."""
    import numpy as np
    import pandas as pd

    from GAN.datasets.parquet import write_table

    at = np.array([row[0] for row in life.rows], dtype=np.float64)
    names = [sensor.name for sensor in profile.sensors]
    values = np.frombuffer(b"".join(row[1] for row in life.rows), dtype="<f8")
    values = np.where(np.isfinite(values), values, np.nan)
    table = pd.DataFrame(values.reshape(-1, len(names)), columns=names)
    table.insert(0, "unit_id", life.life)
    table.insert(1, "cycle_hour", (at - life.began_at) / _MS_PER_HOUR)
    table.insert(2, "rul_hours", (life.ended_at - at) / _MS_PER_HOUR if life.failed else np.nan)
    table.insert(3, "failure_mode", life.failure_mode)
    write_table(table, path, profile, "life", unit=life.unit)
