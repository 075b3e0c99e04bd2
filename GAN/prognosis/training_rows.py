"""The rows of whole lives that the heads of a predictor learn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from GAN.prognosis.condition.features import Followed, follow, thinned
from GAN.prognosis.condition.sensors import Floats, SensorArrays

if TYPE_CHECKING:
    import pandas as pd

#: About this many rows are learnt; more buy little.
_ROWS = 4_000
#: The last part of each life is learnt from up to so many times more rows: there hours matter most.
_NEAR_FAILURE, _DENSER = 0.1, 4
#: Units that are first seen in mid-life: the largest share of life without readings.
_LATEST_FIRST_SIGHT = 0.8


@dataclass(frozen=True)
class TrainingRows:
    """Every life twice: as it is, and as if it was first seen at a random time of it.

    Attributes:
        rows: Features, shape (n, features).
        rul: Hours, shape (n,).
        hours: Hours in service, shape (n,).
        units: Unit of each row, shape (n,).
        modes: How that unit failed, shape (n,).
        evenly: Rows that are spread evenly over the lives, shape (n,); the others are additional
            rows from near failure.
        whole: The evenly spread rows of the lives as they are.
        of_whole: Which of all rows these are, shape (n,).
    """

    rows: Floats
    rul: Floats
    hours: Floats
    units: NDArray[np.intp]
    modes: NDArray[Any]
    evenly: NDArray[np.bool_]
    whole: Followed
    of_whole: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        frame: pd.DataFrame,
        sensors: SensorArrays,
        lively: NDArray[np.bool_],
        rng: np.random.Generator,
    ) -> TrainingRows:
        """Follow some lives.

        Args:
            frame: Columns of a seed, sorted by unit and hour.
            sensors: The sensors.
            lively: See `Condition.stuck`.
            rng: Draws what is missing in the second copy of each life.
        """
        every = max(1, len(frame) // _ROWS)
        even, kept = _chosen_rows(frame, every)
        whole = follow(frame, sensors, kept, lively=lively)
        even_partly, kept = _chosen_rows(frame, 2 * every)
        partly = _seen_partly(frame, sensors, kept, lively, rng)
        at = np.concatenate([whole.positions, partly.positions])
        even_whole = even[whole.positions]
        return cls(
            rows=np.concatenate([whole.rows, partly.rows]),
            rul=frame["rul_hours"].to_numpy(np.float64)[at],
            hours=frame["cycle_hour"].to_numpy(np.float64)[at],
            units=frame["unit_id"].to_numpy(np.intp)[at],
            modes=frame["failure_mode"].to_numpy()[at],
            evenly=np.concatenate([even_whole, even_partly[partly.positions]]),
            whole=whole.at(even_whole),
            of_whole=np.append(even_whole, np.zeros(len(partly.rows), bool)),
        )


def with_units(
    frame: pd.DataFrame,
    followed: Followed,
    units: pd.DataFrame,
    sensors: SensorArrays,
    lively: NDArray[np.bool_],
) -> tuple[pd.DataFrame, Followed, Floats]:
    """Lives, with other units after them.

    Args:
        frame: The lives, sorted by unit and hour.
        followed: Rows of them.
        units: The other units, in the same columns.
        sensors: The sensors.
        lively: See `Condition.stuck`.

    Returns:
        All units; rows of them, those of the other units at the end; and the hours in service of
        the rows at the end.
    """
    import pandas as pd

    others = units.sort_values(["unit_id", "cycle_hour"], kind="stable")
    others = others.assign(unit_id=others["unit_id"] + frame["unit_id"].max())[list(frame)]
    others = others.reset_index(drop=True)
    more = follow(others, sensors, thinned(others, max(1, len(others) // _ROWS)), lively=lively)
    rows = Followed(
        np.concatenate([followed.positions, len(frame) + more.positions]),
        np.concatenate([followed.rows, more.rows]),
        np.concatenate([followed.baselines, more.baselines]),
    )
    hours = others["cycle_hour"].to_numpy(np.float64)[more.positions]
    return pd.concat([frame, others], ignore_index=True), rows, hours


def _chosen_rows(frame: pd.DataFrame, every: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Rows that are spread evenly, and these with more rows from near the end of each life."""
    rul, age = (frame[name].to_numpy(np.float64) for name in ("rul_hours", "cycle_hour"))
    even, dense = thinned(frame, every), thinned(frame, max(1, round(every / _DENSER)))
    return even, even | (dense & (rul < _NEAR_FAILURE * (rul + age)))


def _seen_partly(
    frame: pd.DataFrame,
    sensors: SensorArrays,
    kept: NDArray[np.bool_],
    lively: NDArray[np.bool_],
    rng: np.random.Generator,
) -> Followed:
    """The lives as if they were first seen later, every other one without one or two sensors."""
    first = np.unique(frame["unit_id"].to_numpy(), return_index=True)[1]
    lives = frame.groupby("unit_id")["cycle_hour"].max().to_numpy(np.float64)
    begins = frame["cycle_hour"].to_numpy(np.float64)[first]
    readings = frame[list(sensors.names)].to_numpy(np.float64)
    count = len(sensors.names)
    for begin, end in zip(first, np.append(first[1:], len(frame)), strict=True):
        if count > 1 and rng.random() < 0.5:
            lost = rng.choice(count, min(int(rng.integers(1, 3)), count - 1), replace=False)
            readings[begin:end, lost] = np.nan
    seen = begins + rng.uniform(0.0, _LATEST_FIRST_SIGHT, len(lives)) * (lives - begins)
    blinded = frame.assign(**{name: readings[:, n] for n, name in enumerate(sensors.names)})
    return follow(blinded, sensors, kept, skipped=seen, lively=lively)
