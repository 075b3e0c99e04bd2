"""The rows of run-to-failure data by stage of life, as in one operating regime."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from GAN.datasets.regimes import Regimes, find_regimes_among
from GAN.datasets.run_to_failure import life_fraction
from GAN.importing.conversion import Runs

if TYPE_CHECKING:
    import pandas as pd

#: A unit is healthy up to the first fraction of its life, and at its end from the second.
HEALTHY, END = 0.2, 0.98

#: A sensor whose mean changes by more than this many of its standard deviations between the first
#: and the last third of life wears, and is no setting even if it jumps.
AGEING = 0.25


class RowsByStage(NamedTuple):
    """The rows of a seed with their life fraction, and subsets of them.

    Where there are operating regimes, readings of sensors other than the settings are as in the
    mean regime, except in `every`.

    Attributes:
        every: All rows, those of units that had not failed too, as they were read.
        healthy: Rows in the first part of a life; all rows if no life is recorded from its start.
        failed: Rows of failed units.
        at_end: The last rows of failed units.
        regimes: Number of operating regimes.
    """

    every: pd.DataFrame
    healthy: pd.DataFrame
    failed: pd.DataFrame
    at_end: pd.DataFrame
    regimes: int


def rows_by_stage(runs: Runs) -> RowsByStage:
    """Divide the rows of run-to-failure data by stage of life."""
    import pandas as pd

    # Computed once, because each sensor goes through up to a million rows.
    regimes = _regimes(runs.frame)
    every = _without_regimes(runs.frame, regimes)
    every = every.assign(life_fraction=life_fraction(every))
    every = every.astype({"failure_mode": "category"})
    healthy = every[every["life_fraction"] <= HEALTHY]
    failed = every[~every["unit_id"].isin(runs.censored)]
    at_end = failed[failed["life_fraction"] >= END]
    read = pd.concat([runs.frame, runs.unfailed], ignore_index=True)
    count = max(1, len(regimes.codes))
    return RowsByStage(read, healthy if len(healthy) else every, failed, at_end, count)


def _regimes(frame: pd.DataFrame) -> Regimes:
    """The regimes by sensors that jump and do not depend on the age of a unit."""
    names = list(frame.columns[4:])
    fraction = life_fraction(frame)
    young, old = frame[fraction < 1 / 3], frame[fraction > 2 / 3]
    ageing = (old[names].mean() - young[names].mean()).abs() > AGEING * frame[names].std()
    return find_regimes_among(frame, names, np.flatnonzero(ageing))[0]


def _without_regimes(frame: pd.DataFrame, regimes: Regimes) -> pd.DataFrame:
    names = list(frame.columns[4:])
    settings = [names[index] for index in regimes.settings]
    standard: pd.DataFrame = regimes.within_nearest(frame, names)
    return standard.assign(**{name: frame[name] for name in settings})
