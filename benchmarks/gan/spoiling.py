"""Ways to spoil good sets, as a broken generator would: one thing is wrong, the rest is right."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray

from benchmarks.gan.copying import NOISE, STRETCH, Sets, copied, one_copied, one_life_for_all
from GAN.datasets.run_to_failure import TICKS_PER_HOUR, time_step_of
from GAN.evaluation.likeness.temporal import shuffled_baseline
from GAN.profiles.profile import MachineProfile
from GAN.synthesis.unit_effects import UnitEffects, sensors_with_unit_effects

#: Spoils sets; gets the seed and the machine too.
Spoil = Callable[[Sets, pd.DataFrame, MachineProfile, Generator], Sets]
Spoiled = Callable[[pd.DataFrame], pd.DataFrame]

#: Share of each sensor's readings that are anywhere in its range.
OUTLIERS = 0.1


def modes_permuted(
    sets: Sets, _seed: pd.DataFrame, _profile: MachineProfile, rng: Generator
) -> Sets:
    """Failure modes change places among the units of a set."""

    def spoilt(frame: pd.DataFrame) -> pd.DataFrame:
        modes = frame.groupby("unit_id")["failure_mode"].first()
        mixed = dict(zip(modes.index, rng.permutation(modes), strict=True))
        return frame.assign(failure_mode=frame["unit_id"].map(mixed))

    return _each(sets, spoilt)


def mode_left_out(sets: Sets, _seed: pd.DataFrame, profile: MachineProfile, rng: Generator) -> Sets:
    """No unit fails by one of the modes, whichever it is."""
    left_out = rng.choice([mode.name for mode in profile.failure_modes])
    return _each(
        sets, lambda frame: frame[frame["failure_mode"] != left_out].reset_index(drop=True)
    )


def stretched(
    sets: Sets,
    _seed: pd.DataFrame,
    _profile: MachineProfile,
    _rng: Generator,
    factor: float,
    columns: tuple[str, ...] = ("cycle_hour", "rul_hours"),
) -> Sets:
    """Hours are too many by a factor."""

    def spoilt(frame: pd.DataFrame) -> pd.DataFrame:
        step = time_step_of(frame)
        wrong = round(factor * step * TICKS_PER_HOUR) / TICKS_PER_HOUR
        return frame.assign(**{name: frame[name] / step * wrong for name in columns})

    return _each(sets, spoilt)


def one_length(sets: Sets, _seed: pd.DataFrame, _profile: MachineProfile, _rng: Generator) -> Sets:
    """All lives are as long as the mean one."""

    def spoilt(frame: pd.DataFrame) -> pd.DataFrame:
        step, (starts, ends) = time_step_of(frame), _ends(frame)
        rows = round((ends - starts).mean())
        places = [
            np.linspace(start, end - 1, rows) for start, end in zip(starts, ends, strict=True)
        ]
        lives = frame.iloc[np.concatenate(places).round().astype(int)].reset_index(drop=True)
        hours = np.tile(np.arange(rows) * step, len(starts))
        return lives.assign(cycle_hour=hours, rul_hours=(rows - 1) * step - hours)

    return _each(sets, spoilt)


def halfway(sets: Sets, _seed: pd.DataFrame, _profile: MachineProfile, _rng: Generator) -> Sets:
    """First halves of lives, which seem to fail at their end."""

    def spoilt(frame: pd.DataFrame) -> pd.DataFrame:
        half = frame[frame["rul_hours"] >= frame["cycle_hour"]]
        last = half.groupby("unit_id")["rul_hours"].transform("min")
        return half.assign(rul_hours=half["rul_hours"] - last).reset_index(drop=True)

    return _each(sets, spoilt)


def independent_rows(
    sets: Sets, _seed: pd.DataFrame, profile: MachineProfile, rng: Generator
) -> Sets:
    """Rows of validation and test set are in random order."""
    names = _names(profile)
    return sets | {
        split: _with(sets[split], names, rng.permutation(sets[split][names].to_numpy()))
        for split in ("val", "test")
    }


def rows_of_stages(
    sets: Sets, _seed: pd.DataFrame, profile: MachineProfile, _rng: Generator
) -> Sets:
    """Each row is right for its mode and stage of life, but does not follow the one before it."""
    return _each(sets, lambda frame: shuffled_baseline(frame, _names(profile)))


def reversed_in_time(
    sets: Sets, _seed: pd.DataFrame, profile: MachineProfile, _rng: Generator
) -> Sets:
    """Readings of each life are in reverse order."""
    names = _names(profile)

    def spoilt(frame: pd.DataFrame) -> pd.DataFrame:
        starts, ends = _ends(frame)
        other_end = np.repeat(starts + ends - 1, ends - starts) - np.arange(len(frame))
        return _with(frame, names, frame[names].to_numpy()[other_end])

    return _each(sets, spoilt)


def sensors_swapped(
    sets: Sets, _seed: pd.DataFrame, profile: MachineProfile, rng: Generator
) -> Sets:
    """Two sensors change places, but each keeps its own distribution, so limits hold."""
    pair = list(rng.choice(_names(profile), 2, replace=False))

    def spoilt(frame: pd.DataFrame) -> pd.DataFrame:
        readings = frame[pair].to_numpy()
        ranks = readings[:, ::-1].argsort(axis=0).argsort(axis=0)
        return _with(frame, pair, np.take_along_axis(np.sort(readings, axis=0), ranks, axis=0))

    return _each(sets, spoilt)


def sensor_stuck(sets: Sets, _seed: pd.DataFrame, profile: MachineProfile, rng: Generator) -> Sets:
    """One sensor keeps the first reading of each life."""
    name = rng.choice(_names(profile))

    def spoilt(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(**{name: frame.groupby("unit_id")[name].transform("first")})

    return _each(sets, spoilt)


def with_outliers(sets: Sets, seed: pd.DataFrame, profile: MachineProfile, rng: Generator) -> Sets:
    """A tenth of each sensor's readings are anywhere in its range."""
    names = _names(profile)
    low, high = seed[names].min().to_numpy(), seed[names].max().to_numpy()

    def spoilt(frame: pd.DataFrame) -> pd.DataFrame:
        readings = frame[names].to_numpy()
        anywhere = rng.uniform(low, high, readings.shape)
        return _with(
            frame, names, np.where(rng.random(readings.shape) < OUTLIERS, anywhere, readings)
        )

    return _each(sets, spoilt)


def one_level(sets: Sets, seed: pd.DataFrame, profile: MachineProfile, _rng: Generator) -> Sets:
    """All units have the healthy level of the nominal unit."""
    names = _names(profile)
    effects = UnitEffects(profile, sensors_with_unit_effects(seed, profile))
    limits = [sensor.physical_limits for sensor in profile.sensors]
    low, high = np.array([(limit.min, limit.max) for limit in limits]).T

    def spoilt(frame: pd.DataFrame) -> pd.DataFrame:
        return _with(frame, names, np.clip(effects.nominal(frame)[names].to_numpy(), low, high))

    return _each(sets, spoilt)


def _each(sets: Sets, spoilt: Spoiled) -> Sets:
    return {split: spoilt(frame) for split, frame in sets.items()}


def _names(profile: MachineProfile) -> list[str]:
    return [sensor.name for sensor in profile.sensors]


def _with(frame: pd.DataFrame, names: list[str], readings: NDArray[np.float64]) -> pd.DataFrame:
    return frame.assign(**dict(zip(names, readings.T, strict=True)))


def _ends(frame: pd.DataFrame) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First row of each life, and the row after its last one."""
    starts = np.flatnonzero(np.diff(frame["unit_id"], prepend=-1))
    return starts, np.append(starts[1:], len(frame))


WAYS: dict[str, Spoil] = {
    "seed lives copied": copied,
    "the same, stretched": partial(copied, stretch=STRETCH),
    "the same, with 2 % noise": partial(copied, noise=NOISE),
    "one life of the test set copied and stretched": one_copied,
    "one seed life for all, with 10 % noise": one_life_for_all,
    "failure modes permuted among units": modes_permuted,
    "one failure mode left out": mode_left_out,
    "time and RUL × 1.3": partial(stretched, factor=1.3),
    "time and RUL × 2": partial(stretched, factor=2.0),
    "time and RUL × 0.5": partial(stretched, factor=0.5),
    "RUL × 1.3, time right": partial(stretched, factor=1.3, columns=("rul_hours",)),
    "all lives of one length": one_length,
    "first halves of lives as whole ones": halfway,
    "independent rows in val and test": independent_rows,
    "rows independent within a stage of life": rows_of_stages,
    "time reversed": reversed_in_time,
    "two sensors swapped, each with its distribution": sensors_swapped,
    "a sensor stuck": sensor_stuck,
    "10 % outliers": with_outliers,
    "all units at one level": one_level,
}
