"""Lives of units in service that have ended, as real units to learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from GAN.datasets.parquet import read_table
from GAN.datasets.real_units import RealUnits
from GAN.prognosis.training_lives import joined

if TYPE_CHECKING:
    import pandas as pd

#: Rows of a life that is learnt; a shorter one says little.
_FEWEST_ROWS = 10
#: Share of the time step that counts as one: times in service are rounded to ms, and jitter.
_LEAST_STEP = 0.9


@dataclass(frozen=True)
class LifeInService:
    """A life that has ended.

    Attributes:
        path: Its file; see `GAN.datasets.life_file`.
        failed: Whether it ended by a failure whose mode is known.
        unseen: Whether the live version has not learnt from it.
    """

    path: Path
    failed: bool
    unseen: bool


def add_lives_in_service(
    real: RealUnits | None, lives: Sequence[LifeInService], step_hours: float
) -> tuple[RealUnits | None, pd.DataFrame | None]:
    """Add lives to the real units of a machine.

    Args:
        real: Its real units; None if there are none.
        lives: The lives.
        step_hours: Time step of the other lives: readings in between are left out.

    Returns:
        All real units, and those of them that the live version has not seen, numbered alike.
    """
    failed, stopped, unseen = [], [], []
    for life in lives:
        frame = _thinned(read_table(life.path), step_hours)
        if len(frame) < _FEWEST_ROWS:
            continue
        if not life.failed:
            # How long it would have lived is not known: its RUL counts until its last reading.
            until = frame["cycle_hour"].max()
            stopped.append(frame.assign(rul_hours=until - frame["cycle_hour"], failure_mode=""))
            continue
        failed.append(frame)
        unseen.append(life.unseen)
    if not failed:
        # Stopped units alone say nothing about RUL.
        return real, None
    whole = failed[0].assign(unit_id=1)
    for frame in failed[1:]:
        whole = joined(whole, frame.assign(unit_id=1))
    new = {number for number, is_unseen in enumerate(unseen, 1) if is_unseen}
    unfailed = None if real is None else real.unfailed
    for frame in stopped:
        one = frame.assign(unit_id=1)
        unfailed = one if unfailed is None else joined(unfailed, one)
    if real is not None:
        first = int(real.lives["unit_id"].max())
        whole = joined(real.lives, whole)
        new = {number + first for number in new}
        step_hours = real.step
    return RealUnits(whole, unfailed, step_hours), whole[whole["unit_id"].isin(new)]


def _thinned(frame: pd.DataFrame, step_hours: float) -> pd.DataFrame:
    """Rows that are about a time step or more apart."""
    kept, last = [], -np.inf
    for hour in frame["cycle_hour"].tolist():
        kept.append(hour - last >= _LEAST_STEP * step_hours)
        last = hour if kept[-1] else last
    return frame[kept].reset_index(drop=True)
