"""What the models see of a condition."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from GAN.prognosis.condition.running import (
    COUNT,
    FAST,
    LONG,
    RECENT,
    SUM_T,
    SUM_TT,
    SUM_TX,
    SUM_X,
    Condition,
    in_step,
)
from GAN.prognosis.condition.sensors import Floats, SensorArrays

if TYPE_CHECKING:
    import pandas as pd

#: Features of every sensor. `used` is the share of the way from the unit's baseline to failure;
#: `reading` the recent mean in the sensor's unit; the slopes are in ways a longest life, over the
#: last readings, over a longer time and over the whole life.
OF_EACH_SENSOR = ("used", "reading", "slope_now", "slope", "slope_of_life")
#: Of every wearing sensor: hours to its failure value by two of the slopes.
OF_EACH_WEARING_SENSOR = ("hours_to_go", "hours_to_go_by_life")
#: Of the unit: wear of the most worn sensor, mean of the three most worn, least hours to go, hours
#: in service, hours since the first reading.
OF_THE_UNIT = ("most_worn", "three_most_worn", "least_hours_to_go", "age", "watched")

#: A slope of so many ways a longest life is steep: noise makes such slopes at the start of a life.
_STEEP = 3.0


def feature_names(sensors: SensorArrays) -> list[str]:
    """Names of the columns of `features`."""
    each = [f"{name} {part}" for part in OF_EACH_SENSOR for name in sensors.names]
    wearing = [sensors.names[index] for index in sensors.wearing]
    each += [f"{name} {part}" for part in OF_EACH_WEARING_SENSOR for name in wearing]
    return [*each, *OF_THE_UNIT]


def features(
    condition: Condition, units: NDArray[np.intp], lively: NDArray[np.bool_] | None = None
) -> Floats:
    """The features of some units.

    Args:
        condition: The condition of the units.
        units: Indices of units, shape (n,).
        lively: See `Condition.stuck`; None: no sensor counts as stuck.

    Returns:
        Shape (n, len(feature_names)); NaN for sensors that are silent or stuck.
    """
    s, f = condition.sensors, condition.figures[units]
    missing = condition.silent(units)
    if lively is not None:
        missing = missing | condition.stuck(units, lively)
    baseline = condition.baseline(units)
    way = s.way(baseline)
    per_life = s.longest_life / way
    used = np.where(missing, np.nan, (f[:, :, RECENT] - baseline) / way)
    slopes = [
        (f[:, :, FAST] - f[:, :, RECENT]) / (s.recent_hours - s.fast_hours),
        (f[:, :, RECENT] - f[:, :, LONG]) / (s.long_hours - s.recent_hours),
        _slope_of_life(f, np.square(s.noise * per_life / _STEEP)),
    ]
    now, slope, of_life = (np.where(missing, np.nan, each * per_life) for each in slopes)
    age = condition.hours[units]
    columns = [used, np.where(missing, np.nan, f[:, :, RECENT]), now, slope, of_life]
    wearing = s.wearing
    whole = np.zeros((len(units), 3))
    if len(wearing):
        left = 1.0 - used[:, wearing]
        by_slope = _hours_to_go(left, slope[:, wearing], s.longest_life)
        columns += [by_slope, _hours_to_go(left, of_life[:, wearing], s.longest_life)]
        worn = np.sort(np.where(np.isnan(used), -1.0, used)[:, wearing], axis=1)[:, ::-1]
        to_go = np.where(np.isnan(by_slope), 4 * s.longest_life, by_slope).min(axis=1)
        whole = np.column_stack([worn[:, 0], worn[:, :3].mean(axis=1), to_go])
    return np.column_stack([*columns, whole, age, age - condition.begun[units]])


class Followed(NamedTuple):
    """Rows of whole lives, as a model sees them.

    Attributes:
        positions: Which rows of the frame, ascending, shape (n,).
        rows: Their features, shape (n, features).
        baselines: The baseline of each sensor at that time, shape (n, sensors).
    """

    positions: NDArray[np.intp]
    rows: Floats
    baselines: Floats

    def at(self, chosen: NDArray[np.bool_]) -> Followed:
        """Some of the rows.

        Args:
            chosen: Shape (n,).
        """
        return Followed(self.positions[chosen], self.rows[chosen], self.baselines[chosen])


def follow(
    frame: pd.DataFrame,
    sensors: SensorArrays,
    kept: NDArray[np.bool_] | None = None,
    skipped: Floats | None = None,
    lively: NDArray[np.bool_] | None = None,
) -> Followed:
    """The features of whole lives, as they would have been seen while they passed.

    Args:
        frame: unit_id, cycle_hour and the sensors, sorted by unit and hour.
        sensors: The sensors.
        kept: Rows whose features are kept, shape (rows,); None: all.
        skipped: Hours at the start of each life without readings, shape (units,).
        lively: See `Condition.stuck`.
    """
    units, first = np.unique(frame["unit_id"].to_numpy(), return_index=True)
    end = np.append(first[1:], len(frame))
    hours = frame["cycle_hour"].to_numpy(np.float64)
    readings = frame[list(sensors.names)].to_numpy(np.float64)
    if skipped is not None:
        late = [np.searchsorted(hours[a:b], k) for a, b, k in zip(first, end, skipped, strict=True)]
        first = np.minimum(first + np.array(late, dtype=np.intp), end - 1)
    condition = Condition(sensors, len(units))
    places, found, baselines = [], [], []
    for alive, at in in_step(first, end):
        condition.update(alive, hours[at], readings[at])
        chosen = alive if kept is None else alive[kept[at]]
        if len(chosen):
            places.append(at if kept is None else at[kept[at]])
            found.append(features(condition, chosen, lively))
            baselines.append(condition.baseline(chosen))
    positions = np.concatenate(places)
    order = np.argsort(positions, kind="stable")
    rows = np.concatenate(found)
    return Followed(positions[order], rows[order], np.concatenate(baselines)[order])


def thinned(frame: pd.DataFrame, every: int) -> NDArray[np.bool_]:
    """Each `every`th row of each life, or one row of a shorter life, shape (rows,).

    Lives begin at different rows: the start of a life is unlike the rest of it, so all of it must
    be seen.

    Args:
        frame: As in `follow`.
        every: 1 or more.
    """
    _, first, unit, rows = np.unique(
        frame["unit_id"], return_index=True, return_inverse=True, return_counts=True
    )
    step = np.arange(len(frame)) - first[unit]
    return np.asarray((step + unit) % np.minimum(every, rows)[unit] == 0)


def lively_sensors(frame: pd.DataFrame, sensors: SensorArrays) -> NDArray[np.bool_]:
    """Sensors that repeat a reading in less than one row of 50, shape (sensors,).

    Args:
        frame: Sound lives, as in `follow`.
        sensors: The sensors.
    """
    readings = frame[list(sensors.names)].to_numpy(np.float64)
    same_unit = np.diff(frame["unit_id"].to_numpy()) == 0
    repeated: NDArray[np.float64] = (np.diff(readings, axis=0)[same_unit] == 0).mean(axis=0)
    return repeated < 0.02


def _slope_of_life(figures: Floats, ridge: Floats) -> Floats:
    """Slope of the regression; a ridge holds back the slope of a few noisy readings."""
    count = np.maximum(figures[:, :, COUNT], 1.0)
    sum_t, sum_x = figures[:, :, SUM_T], figures[:, :, SUM_X]
    spread = figures[:, :, SUM_TT] - sum_t * sum_t / count
    return (figures[:, :, SUM_TX] - sum_t * sum_x / count) / (spread + ridge)


def _hours_to_go(left: Floats, slope: Floats, longest_life: float) -> Floats:
    """Hours until nothing of the way is left, at most four longest lives."""
    with np.errstate(invalid="ignore"):
        hours = longest_life * np.maximum(left, 0.0) / np.maximum(slope, 1e-6)
    return np.minimum(hours, 4 * longest_life)
