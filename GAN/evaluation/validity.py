"""Validity of synthetic sets: faults that must not occur."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from GAN.evaluation.report_part import ReportPart
from GAN.profiles.profile import MachineProfile

if TYPE_CHECKING:
    import pandas as pd


class SplitCheck(ReportPart):
    """Contents of one synthetic set, and counts of its faults.

    Attributes:
        rows: Number of rows.
        units: Number of lives.
        failure_modes: Number of lives ended by each failure mode.
        missing: Empty values.
        infinite: Infinite values.
        outside_limits: Readings outside their sensor's physical limits.
        not_whole: Readings with a fraction, of sensors that have whole numbers in the seed.
        broken_lives: Units whose RUL does not fall by exactly one step per row, which is the time
            that passes, to exactly 0.
    """

    rows: int
    units: int
    failure_modes: dict[str, int]
    missing: int
    infinite: int
    outside_limits: int
    not_whole: int
    broken_lives: int

    def faults(self) -> Iterator[tuple[int, str]]:
        """Count and description of each kind of fault."""
        yield self.missing, "missing values"
        yield self.infinite, "infinite values"
        yield self.outside_limits, "readings outside their limits"
        yield self.not_whole, "readings with a fraction where the seed has whole numbers"
        yield self.broken_lives, "lives whose RUL does not fall evenly to 0"

    def violations(self) -> Iterator[tuple[int, str]]:
        """Count and description of each kind of fault that occurs."""
        return ((count, fault) for count, fault in self.faults() if count)


def check_split(frame: pd.DataFrame, profile: MachineProfile, whole: Collection[str]) -> SplitCheck:
    """Check a set of a machine; `whole` are the sensors that have whole numbers in the seed."""
    readings = frame[[sensor.name for sensor in profile.sensors]].to_numpy()
    limits = [sensor.physical_limits for sensor in profile.sensors]
    low, high = np.array([(limit.min, limit.max) for limit in limits]).T
    ended_by = frame.groupby("unit_id")["failure_mode"].first().value_counts()
    return SplitCheck(
        rows=len(frame),
        units=int(frame["unit_id"].nunique()),
        failure_modes={
            mode.name: int(ended_by.get(mode.name, 0)) for mode in profile.failure_modes
        },
        missing=int(frame.isna().to_numpy().sum()),
        infinite=sum(
            int(np.isinf(numbers).sum())
            for numbers in (readings, frame["cycle_hour"], frame["rul_hours"])
        ),
        outside_limits=int(((readings < low) | (readings > high)).sum()),
        not_whole=sum(int((frame[name] % 1 > 0).sum()) for name in whole),
        broken_lives=_broken_lives(frame),
    )


def shared_units(synthetic: Mapping[str, pd.DataFrame]) -> int:
    """Number of units that are in more than one set."""
    units = [unit for frame in synthetic.values() for unit in frame["unit_id"].unique()]
    return len(units) - len(set(units))


def violations(splits: Mapping[str, SplitCheck], shared: int) -> Iterator[str]:
    """All faults, one line each.

    Args:
        splits: The sets' checks.
        shared: Units that are in more than one set.
    """
    if shared:
        yield f"{shared} units are in more than one set"
    for split, check in splits.items():
        for count, fault in check.violations():
            yield f"{split}: {count:,} {fault}"


def _broken_lives(frame: pd.DataFrame) -> int:
    units = frame.groupby("unit_id")
    steps = units[["cycle_hour", "rul_hours"]].diff().dropna()
    if steps.empty:
        return int(frame["unit_id"].nunique())
    passed, fallen = steps["cycle_hour"], -steps["rul_hours"]
    odd_step = frame.loc[steps.index[(fallen != fallen.iloc[0]) | (fallen != passed)], "unit_id"]
    last = units["rul_hours"].last()
    unfinished = last.index[last != 0.0]
    return len(set(odd_step) | set(unfinished))
