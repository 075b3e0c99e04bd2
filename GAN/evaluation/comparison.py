"""What plots of seed and synthetic data show: histograms, lives and correlations.

All numbers are rounded for display. The report keeps them, so a plot needs no data set.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from GAN.datasets.run_to_failure import life_fraction
from GAN.evaluation.likeness.fidelity import compared_sample
from GAN.evaluation.likeness.sdmetrics_scores import correlations
from GAN.evaluation.report_part import ReportPart
from GAN.profiles.profile import MachineProfile, Sensor

if TYPE_CHECKING:
    import pandas as pd

Matrix = NDArray[np.float64]

BINS = 32
#: Stretches of a life of which the lowest and the highest reading are kept. All sensors of a
#: machine share `STRETCHES`, so that a report of many sensors stays small.
MOST_STRETCHES, STRETCHES = 60, 750
#: Correlations in the list of those that differ most.
LARGEST = 10
#: Readings are rounded to a ten-thousandth of their range or finer: a plot has fewer pixels.
DECIMALS = 4


class Histogram(ReportPart):
    """Readings of one column of the seed and of the train set, counted in the same bins.

    Attributes:
        name: A sensor, or `rul_hours`.
        unit: Unit of the edges.
        edges: Ends of the bins, one more than there are bins.
        seed: Rows of the seed in each bin. Readings are those of a nominal unit.
        synthetic: Rows of the train set in each bin.
    """

    name: str
    unit: str
    edges: tuple[float, ...]
    seed: tuple[int, ...]
    synthetic: tuple[int, ...]


class Life(ReportPart):
    """Readings of one sensor over one life, thinned; the extremes of each stretch are kept.

    Attributes:
        unit_id: The unit of the data set.
        failure_mode: What ended the life.
        hours: Length of the life.
        life_fraction: 0 (new) to 1 (failed).
        readings: As they are in the data set, in the sensor's unit.
    """

    unit_id: int
    failure_mode: str
    hours: float
    life_fraction: tuple[float, ...]
    readings: tuple[float, ...]


class SensorLives(ReportPart):
    """One life of each data set, where possible in the same failure mode, which drives the sensor.

    Attributes:
        name: The sensor.
        unit: Unit of the readings.
        normal: Smallest and largest reading of healthy units.
        failure: Reading at failure; None for a sensor without a trend.
    """

    name: str
    unit: str
    normal: tuple[float, float]
    failure: float | None
    seed: Life
    synthetic: Life


class CorrelationDifference(ReportPart):
    """Spearman correlation of two columns in the seed and in the train set."""

    columns: tuple[str, str]
    seed: float
    synthetic: float


class Correlations(ReportPart):
    """Spearman correlations of all pairs of RUL and sensors; 0 where a column is constant.

    They are those of `Fidelity.spearman_error`: of readings of a nominal unit.

    Attributes:
        names: Columns, in the order of the matrices.
        seed: Rows of the matrix.
        synthetic: Rows of the matrix.
        largest: The pairs that differ most, the largest difference first.
    """

    names: tuple[str, ...]
    seed: tuple[tuple[float, ...], ...]
    synthetic: tuple[tuple[float, ...], ...]
    largest: tuple[CorrelationDifference, ...]


class Comparison(ReportPart):
    """Seed and train set next to each other.

    Attributes:
        histograms: Of RUL and each sensor, in the profile's order.
        lives: Of each sensor.
        correlations: Of RUL and all sensors.
    """

    histograms: tuple[Histogram, ...]
    lives: tuple[SensorLives, ...]
    correlations: Correlations


def compare(
    seed: pd.DataFrame,
    train: pd.DataFrame,
    nominal_seed: pd.DataFrame,
    nominal_train: pd.DataFrame,
    profile: MachineProfile,
) -> Comparison:
    """Summarise both data sets for plots.

    Args:
        seed: The seed data.
        train: The synthetic train set, finite readings only.
        nominal_seed: The seed as readings of a nominal unit.
        nominal_train: The train set as readings of a nominal unit.
        profile: The machine.
    """
    columns = [("rul_hours", "h"), *((sensor.name, sensor.unit) for sensor in profile.sensors)]
    sides = nominal_seed, nominal_train
    return Comparison(
        histograms=tuple(
            _histogram(name, unit, *(side[name].to_numpy(float) for side in sides))
            for name, unit in columns
        ),
        lives=tuple(_lives(seed, train, profile)),
        correlations=_correlations(
            compared_sample(nominal_seed), compared_sample(nominal_train), profile
        ),
    )


def _histogram(name: str, unit: str, seed: Matrix, made: Matrix) -> Histogram:
    edges = np.histogram_bin_edges(np.concatenate([seed, made]), BINS)
    # Given a range instead of edges, NumPy does not sort.
    counts = [np.histogram(side, BINS, (edges[0], edges[-1]))[0].tolist() for side in (seed, made)]
    return Histogram(
        name=name,
        unit=unit,
        edges=_rounded(edges),
        seed=tuple(counts[0]),
        synthetic=tuple(counts[1]),
    )


def _lives(seed: pd.DataFrame, train: pd.DataFrame, profile: MachineProfile) -> list[SensorLives]:
    stretches = min(MOST_STRETCHES, STRETCHES // len(profile.sensors))
    first_of_seed, first_of_train = _first_lives(seed), _first_lives(train)
    found = []
    for sensor in profile.sensors:
        common = [m for m in _modes(profile, sensor) if m in first_of_seed and m in first_of_train]
        # Without a common mode, any life shows the range of the sensor.
        of_seed, of_train = (
            first[common[0] if common else next(iter(first))]
            for first in (first_of_seed, first_of_train)
        )
        found.append(
            SensorLives(
                name=sensor.name,
                unit=sensor.unit,
                normal=(sensor.normal.min, sensor.normal.max),
                failure=sensor.failure,
                seed=_life(of_seed, sensor, stretches),
                synthetic=_life(of_train, sensor, stretches),
            )
        )
    return found


def _modes(profile: MachineProfile, sensor: Sensor) -> list[str]:
    """Failure modes to show a sensor in: those that drive it first, then the others."""
    modes = sorted(profile.failure_modes, key=lambda mode: sensor.name not in mode.sensors)
    return [mode.name for mode in modes]


def _first_lives(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The first life of each failure mode."""
    first = frame.drop_duplicates("failure_mode")
    return {
        str(mode): frame[frame["unit_id"] == unit]
        for mode, unit in zip(first["failure_mode"], first["unit_id"], strict=True)
    }


def _life(life: pd.DataFrame, sensor: Sensor, stretches: int) -> Life:
    readings = life[sensor.name].to_numpy(float)
    kept = _extremes(readings, stretches)
    first = life.iloc[0]
    return Life(
        unit_id=int(first["unit_id"]),
        failure_mode=str(first["failure_mode"]),
        hours=round(float(first["cycle_hour"] + first["rul_hours"]), 1),
        life_fraction=tuple(np.round(life_fraction(life).to_numpy()[kept], 4).tolist()),
        readings=_rounded(readings[kept]),
    )


def _extremes(readings: Matrix, stretches: int) -> NDArray[np.intp]:
    """Rows of the first, the last, and the lowest and highest reading of each stretch."""
    rows = np.arange(len(readings))
    if len(rows) <= 2 * stretches:
        return rows
    kept = {0, len(rows) - 1}
    for stretch in np.array_split(rows, stretches):
        inside = readings[stretch]
        kept |= {int(stretch[inside.argmin()]), int(stretch[inside.argmax()])}
    return np.array(sorted(kept))


def _correlations(seed: pd.DataFrame, train: pd.DataFrame, profile: MachineProfile) -> Correlations:
    names = ["rul_hours", *(sensor.name for sensor in profile.sensors)]
    of_seed, of_train = (
        np.round(np.nan_to_num(correlations(side[names].rank())), 3) for side in (seed, train)
    )
    rows, columns = np.triu_indices(len(names), 1)
    order = np.argsort(-np.abs(of_train - of_seed)[rows, columns], kind="stable")[:LARGEST]
    return Correlations(
        names=tuple(names),
        seed=tuple(map(tuple, of_seed.tolist())),
        synthetic=tuple(map(tuple, of_train.tolist())),
        largest=tuple(
            CorrelationDifference(
                columns=(names[row], names[column]),
                seed=of_seed[row, column],
                synthetic=of_train[row, column],
            )
            for row, column in zip(rows[order], columns[order], strict=True)
        ),
    )


def _rounded(numbers: Matrix) -> tuple[float, ...]:
    width = float(np.ptp(numbers)) or float(np.abs(numbers).max()) or 1.0
    return tuple(np.round(numbers, DECIMALS - math.floor(math.log10(width))).tolist())
