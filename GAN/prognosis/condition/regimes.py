"""Operating regimes: settings that jump between levels, and readings standardised within them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from GAN.prognosis.condition.sensors import Floats, SensorArrays

if TYPE_CHECKING:
    import pandas as pd

#: Levels are separated by gaps of at least this share of a sensor's range.
GAP = 0.05
#: Each level has at least this share of the rows.
SMALLEST = 0.02
#: Share of the steps in which the level of a setting changes, and that of a wearing sensor: noise
#: carries the latter over a gap now and then.
SETTING_JUMPS, SENSOR_JUMPS = 0.02, 0.1
#: Most regimes, and fewest rows of each.
MOST_REGIMES, FEWEST_ROWS = 24, 30
#: A sensor that jumps between levels has at most this share of its variance within levels.
WITHIN = 0.1


@dataclass(frozen=True)
class Regimes:
    """Operating regimes of a machine; none at all for most machines.

    Attributes:
        settings: Indices of the sensors that set the regime.
        cuts: Ascending boundaries between the levels of each setting.
        codes: Code of each known regime, ascending.
        means: Mean of each sensor in each regime, shape (regimes, sensors).
        spreads: Standard deviations, likewise, above 0.
        mean: Mean over the regimes, shape (sensors,); `spread` likewise.
    """

    settings: tuple[int, ...]
    cuts: tuple[tuple[float, ...], ...]
    codes: NDArray[np.int64]
    means: Floats
    spreads: Floats
    mean: Floats
    spread: Floats

    @classmethod
    def none(cls, sensors: SensorArrays) -> Regimes:
        """One regime: readings stay as they are."""
        nothing = np.empty((0, len(sensors.names)))
        return cls((), (), np.empty(0, np.int64), nothing, nothing, np.empty(0), np.empty(0))

    def standardised(self, readings: Floats) -> Floats:
        """Readings as they would be in the mean regime, shape (n, sensors).

        Readings in an unknown regime are missing; infinite ones, which are impossible, stay so.
        """
        if not self.settings:
            return readings
        code = _codes(readings, self.settings, self.cuts)
        place = np.minimum(np.searchsorted(self.codes, code), len(self.codes) - 1)
        scaled = (readings - self.means[place]) / self.spreads[place] * self.spread + self.mean
        known = (self.codes[place] == code) & np.isfinite(readings[:, self.settings]).all(axis=1)
        return np.where(np.isinf(readings), readings, np.where(known[:, None], scaled, np.nan))

    def of_frame(self, lives: pd.DataFrame, sensors: SensorArrays) -> pd.DataFrame:
        """The same rows with standardised readings."""
        if not self.settings:
            return lives
        names = list(sensors.names)
        readings = self.standardised(lives[names].to_numpy(np.float64))
        return lives.assign(**{name: readings[:, n] for n, name in enumerate(names)})


def _codes(
    readings: Floats, settings: tuple[int, ...], cuts: tuple[tuple[float, ...], ...]
) -> NDArray[np.int64]:
    code = np.zeros(len(readings), np.int64)
    for sensor, bounds in zip(settings, cuts, strict=True):
        code = code * (len(bounds) + 1) + np.searchsorted(np.array(bounds), readings[:, sensor])
    return code


def find_regimes(lives: pd.DataFrame, sensors: SensorArrays) -> tuple[Regimes, str | None]:
    """Find the operating regimes of a set of lives.

    A setting is a steady sensor that jumps back and forth between levels.

    Args:
        lives: Columns unit_id and the sensors, sorted by unit and time.
        sensors: The machine's sensors.

    Returns:
        The regimes, and why no forecast is possible: a wearing sensor jumps and no setting
        explains it, or there are too many regimes for the data. None if one is possible.
    """
    readings, wearing = lives[list(sensors.names)].to_numpy(np.float64), set(sensors.wearing)
    same_unit = np.diff(lives["unit_id"].to_numpy()) == 0
    cuts = {
        index: found
        for index in range(len(sensors.names))
        if (found := _levels(readings[:, index], same_unit, index in wearing))
    }
    settings = tuple(index for index in cuts if index not in wearing)
    jumping = [index for index in cuts if index in wearing]
    regimes = Regimes.none(sensors)
    if settings:
        code = _codes(readings, settings, tuple(cuts[index] for index in settings))
        codes, rows = np.unique(code, return_counts=True)
        enough = codes[rows >= FEWEST_ROWS]
        if not 1 < len(enough) <= MOST_REGIMES:
            names = ", ".join(sensors.names[index] for index in settings)
            return regimes, f"{names} jump between {len(codes)} regimes: too many for these data"
        regimes = _fitted(readings, code, enough, settings, tuple(cuts[i] for i in settings))
        readings = regimes.standardised(readings)
    for index in jumping:
        if _levels(readings[:, index], same_unit, wears=True):
            return regimes, (
                f"{sensors.names[index]} jumps between levels, and no setting in the data "
                "explains it: add the operating settings as steady sensors"
            )
    return regimes, None


def _fitted(
    readings: Floats,
    code: NDArray[np.int64],
    codes: NDArray[np.int64],
    settings: tuple[int, ...],
    cuts: tuple[tuple[float, ...], ...],
) -> Regimes:
    means = np.stack([np.nanmean(readings[code == one], axis=0) for one in codes])
    spreads = np.stack([np.nanstd(readings[code == one], axis=0) for one in codes])
    spread = spreads.mean(axis=0)
    least = np.maximum(1e-3 * spread, 1e-9)
    return Regimes(
        settings, cuts, codes, means, np.maximum(spreads, least), means.mean(axis=0), spread
    )


def _levels(values: Floats, same_unit: NDArray[np.bool_], wears: bool) -> tuple[float, ...]:
    """Boundaries between the levels that a sensor jumps between; empty if it does not."""
    seen = np.sort(values[~np.isnan(values)])
    if len(seen) < 2 * FEWEST_ROWS or seen[-1] <= seen[0]:
        return ()
    gaps = np.diff(seen)
    wide = np.flatnonzero(gaps >= GAP * (seen[-1] - seen[0])) + 1
    edges = np.concatenate([[0], wide, [len(seen)]])
    if len(wide) == 0 or np.diff(edges).min() < max(SMALLEST * len(seen), FEWEST_ROWS):
        return ()
    cuts = (seen[wide - 1] + seen[wide]) / 2
    level = np.searchsorted(cuts, values)
    jumps = (np.diff(level) != 0) & same_unit
    within = sum(seen[a:b].var() * (b - a) for a, b in pairwise(edges))
    least = SENSOR_JUMPS if wears else SETTING_JUMPS
    if jumps.sum() < least * max(same_unit.sum(), 1) or within > WITHIN * seen.var() * len(seen):
        return ()
    return tuple(float(cut) for cut in cuts)
