"""Operating regimes: settings that jump between levels, and readings standardised within them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from GAN.profiles.profile import MachineProfile

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
#: Ascending boundaries between the levels of sensors, by index.
Cuts = Mapping[int, tuple[float, ...]]

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
    def none(cls, sensors: int) -> Regimes:
        """One regime of a machine with so many sensors: readings stay as they are."""
        nothing = np.empty((0, sensors))
        return cls((), (), np.empty(0, np.int64), nothing, nothing, np.empty(0), np.empty(0))

    def standardised(self, readings: Floats) -> Floats:
        """Readings as they would be in the mean regime, shape (n, sensors).

        Readings in an unknown regime are missing; infinite ones, which are impossible, stay so.
        """
        if not self.settings:
            return readings
        code = _codes(readings, self.settings, self.cuts)
        place = np.minimum(np.searchsorted(self.codes, code), len(self.codes) - 1)
        known = (self.codes[place] == code) & np.isfinite(readings[:, self.settings]).all(axis=1)
        scaled = np.where(known[:, None], self._standardised(readings, place), np.nan)
        return np.where(np.isinf(readings), readings, scaled)

    def of_frame(self, lives: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
        """The same rows with the `standardised` readings of these sensors."""
        if not self.settings:
            return lives
        readings = self.standardised(lives[list(names)].to_numpy(np.float64))
        return lives.assign(**dict(zip(names, readings.T, strict=True)))

    def nearest(self, readings: Floats) -> NDArray[np.int64]:
        """Index of each row's regime, or of the one most like a rare one; shape (n,)."""
        code = _codes(readings, self.settings, self.cuts)
        place = np.minimum(np.searchsorted(self.codes, code), len(self.codes) - 1)
        rare = np.flatnonzero(self.codes[place] != code)
        levels = self.means[:, self.settings]
        scale = np.ptp(levels, axis=0) + 1e-12
        away = (readings[rare][:, None, self.settings] - levels) / scale
        place[rare] = np.square(away).sum(axis=2).argmin(axis=1)
        return np.asarray(place, np.int64)

    def within_nearest(self, lives: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
        """The same rows, readings standardised within the nearest regime of each row."""
        if not self.settings:
            return lives
        readings = lives[list(names)].to_numpy(np.float64)
        standard = self._standardised(readings, self.nearest(readings))
        return lives.assign(**dict(zip(names, standard.T, strict=True)))

    def restored(self, standard: Floats, places: NDArray[np.integer]) -> Floats:
        """Readings in the regimes `places` from standardised ones, shape (n, sensors)."""
        relative = (standard - self.mean) / self.spread
        return np.asarray(relative * self.spreads[places] + self.means[places])

    def _standardised(self, readings: Floats, places: NDArray[np.int64]) -> Floats:
        relative = (readings - self.means[places]) / self.spreads[places]
        return np.asarray(relative * self.spread + self.mean)


def _codes(
    readings: Floats, settings: Sequence[int], cuts: Sequence[tuple[float, ...]]
) -> NDArray[np.int64]:
    code = np.zeros(len(readings), np.int64)
    for sensor, bounds in zip(settings, cuts, strict=True):
        code = code * (len(bounds) + 1) + np.searchsorted(np.array(bounds), readings[:, sensor])
    return code


def find_regimes(lives: pd.DataFrame, profile: MachineProfile) -> tuple[Regimes, str | None]:
    """Find the operating regimes of a machine.

    Args:
        lives: Columns unit_id and the sensors, sorted by unit and time.
        profile: The machine.

    Returns:
        See `find_regimes_among`.
    """
    wearing = [n for n, sensor in enumerate(profile.sensors) if sensor.failure is not None]
    return find_regimes_among(lives, [sensor.name for sensor in profile.sensors], wearing)


def find_regimes_among(
    lives: pd.DataFrame, names: Sequence[str], wearing: Collection[int]
) -> tuple[Regimes, str | None]:
    """Find the operating regimes of a set of lives.

    A setting is a steady sensor that jumps back and forth between levels. Other steady sensors
    jump too, because they depend on settings: so the settings are the fewest and least noisy
    sensors that make all regimes, and those that have one value in each.

    Args:
        lives: Columns unit_id and the sensors, sorted by unit and time.
        names: The machine's sensors.
        wearing: Indices of those that wear.

    Returns:
        The regimes, and why readings cannot be compared: a wearing sensor jumps and no setting
        explains it, or there are too many regimes for the data. None if they can.
    """
    readings = lives[list(names)].to_numpy(np.float64)
    same_unit = np.diff(lives["unit_id"].to_numpy()) == 0
    cuts = {
        index: found
        for index in range(len(names))
        if (found := _levels(readings[:, index], same_unit, index in wearing))
    }
    settings = _settings(readings, {n: found for n, found in cuts.items() if n not in wearing})
    regimes = Regimes.none(len(names))
    if settings:
        code = _codes(readings, list(settings), list(settings.values()))
        enough = _known(code)
        if not 1 < len(enough) <= MOST_REGIMES:
            jumping = ", ".join(names[index] for index in settings)
            return (
                regimes,
                f"{jumping} jump between {len(np.unique(code))} regimes: too many for these data",
            )
        regimes = _fitted(readings, code, enough, settings)
        readings = regimes.standardised(readings)
    for index in sorted(cuts.keys() & set(wearing)):
        if _levels(readings[:, index], same_unit, wears=True):
            return regimes, (
                f"{names[index]} jumps between levels, and no setting in the data "
                "explains it: add the operating settings as steady sensors"
            )
    return regimes, None


def _settings(readings: Floats, steady: Cuts) -> Cuts:
    """The settings among steady sensors that jump."""
    levels = {index: _codes(readings, [index], [found]) for index, found in steady.items()}
    noise = {
        index: np.mean([np.nanstd(part) for part in _parts(readings[:, index], level)])
        for index, level in levels.items()
    }
    relative = {index: noise[index] / np.nanstd(readings[:, index]) for index in steady}
    code, regimes = np.zeros(len(readings), np.int64), 1
    chosen = set[int]()
    for index in sorted(steady, key=relative.__getitem__):
        finer = code * (len(steady[index]) + 1) + levels[index]
        if (count := len(_known(finer))) > regimes:
            code, regimes = finer, count
            chosen.add(index)
    known = np.isin(code, _known(code))
    constant = {
        index
        for index in steady
        if all(len(np.unique(part)) == 1 for part in _parts(readings[known, index], code[known]))
    }
    return {index: found for index, found in steady.items() if index in chosen | constant}


def _known(code: NDArray[np.int64]) -> NDArray[np.int64]:
    """Codes of enough rows."""
    codes, rows = np.unique(code, return_counts=True)
    return np.asarray(codes[rows >= FEWEST_ROWS])


def _parts(values: Floats, code: NDArray[np.int64]) -> list[Floats]:
    """The values of each code."""
    return [values[code == one] for one in np.unique(code)]


def _fitted(
    readings: Floats,
    code: NDArray[np.int64],
    codes: NDArray[np.int64],
    settings: Cuts,
) -> Regimes:
    means = np.stack([np.nanmean(readings[code == one], axis=0) for one in codes])
    spreads = np.stack([np.nanstd(readings[code == one], axis=0) for one in codes])
    spread = np.maximum(spreads.mean(axis=0), 1e-9)
    return Regimes(
        settings=tuple(settings),
        cuts=tuple(settings.values()),
        codes=codes,
        means=means,
        spreads=np.maximum(spreads, 1e-3 * spread),
        mean=means.mean(axis=0),
        spread=spread,
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
