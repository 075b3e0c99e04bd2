"""Metrics of synthetic lives over time: do consecutive rows change as in the seed?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from GAN.datasets.run_to_failure import life_fraction
from GAN.evaluation.likeness.c2st import c2st_auc
from GAN.evaluation.report_part import ReportPart
from GAN.profiles.profile import MachineProfile

if TYPE_CHECKING:
    import pandas as pd

Matrix = NDArray[np.float64]

LAGS = range(1, 11)
CROSS_LAGS = range(6)
#: Lives of a set that are used, and the fewest rows of such a life.
MOST_UNITS = 30
FEWEST_ROWS = 30
#: Rows of a segment of a life. Its trend is a parabola, and the remainder counts as noise. Segments
#: have the same length in seed and set, which makes them comparable; lives do not.
SEGMENT = 30
#: Rows of a window; its features are mean, standard deviation and standard deviation of the steps.
WINDOW = 16
#: The shuffled rows' error counts as at least this many times the error expected by chance.
CHANCES = 2.5
#: Stages of life within which the baseline shuffles rows.
STAGES = 50


class InTime(ReportPart):
    """Metrics of a set's lives against those of the seed; None where lives are too short or few.

    Attributes:
        autocorrelation_error: Mean absolute difference of the sensors' autocorrelation, lags 1 to
            10.
        noise_autocorrelation_error: The same for segments of lives after their trend is removed.
        noise_autocorrelation_chance: The expected value of that for white noise.
        cross_correlation_error: Mean absolute difference of the cross-correlation of two sensors
            within a life, lags 0 to 5.
        monotonicity: Spearman correlation of the health index with time, mean over lives. The
            index is the mean relative distance that the degrading sensors have moved from the
            middle of their normal bands to their failure values.
        seed_monotonicity: That of the seed's lives.
        windows_c2st_auc: For windows of 16 rows; see `likeness.c2st.c2st_auc`.
    """

    renamed: ClassVar = {"windows_c2st_auc": "windows_told_apart"}

    autocorrelation_error: float | None
    noise_autocorrelation_error: float | None
    noise_autocorrelation_chance: float | None
    cross_correlation_error: float | None
    monotonicity: float | None
    seed_monotonicity: float | None
    windows_c2st_auc: float | None


class Windows(NamedTuple):
    """Windows of a set's lives.

    Attributes:
        features: Shape (windows, 3 × sensors).
        units: Unit of each window.
    """

    features: Matrix
    units: NDArray[np.integer]


@dataclass(frozen=True)
class Movement:
    """Statistics of a set's lives over time; None where no life is long enough.

    Attributes:
        autocorrelation: Mean over lives, shape (lags, sensors).
        noise_autocorrelation: Mean over segments of lives after their trend is removed.
        noise_rows: Rows of these segments.
        cross_correlation: Mean over lives, shape (lags, sensors, sensors).
        monotonicity: See `InTime`.
        windows: Its windows.
    """

    autocorrelation: Matrix | None
    noise_autocorrelation: Matrix | None
    noise_rows: int
    cross_correlation: Matrix | None
    monotonicity: float | None
    windows: Windows


def movement(frame: pd.DataFrame, profile: MachineProfile, every: int = 1) -> Movement:
    """Statistics of nominal readings of whole lives.

    Args:
        frame: The lives.
        profile: The machine.
        every: Take each `every`th row, so that lives have the time step of others.
    """
    lives = _long_lives(frame, [sensor.name for sensor in profile.sensors], every)
    raw = [life.readings for life in lives]
    return Movement(
        autocorrelation=_mean(autocorrelation, raw),
        noise_autocorrelation=_noise_autocorrelation(raw),
        noise_rows=sum(len(life) // SEGMENT * SEGMENT for life in raw),
        cross_correlation=_mean(_cross_correlation, raw),
        monotonicity=_monotonicity(raw, profile),
        windows=_windows(lives),
    )


def windows_of(frame: pd.DataFrame, names: list[str], every: int = 1) -> Windows:
    """The windows of nominal readings of whole lives; `every` as in `movement`."""
    return _windows(_long_lives(frame, names, every))


def windows_c2st_auc(seed: Windows, made: Windows) -> float | None:
    """Classifier test on windows."""
    return c2st_auc(seed.features, seed.units, made.features, made.units)


def compare_in_time(seed: Movement, made: Movement, windows: float | None = None) -> InTime:
    """Compare a set with the seed; `windows` is the AUC of its windows, if it was measured."""
    return InTime(
        autocorrelation_error=_difference(seed.autocorrelation, made.autocorrelation),
        noise_autocorrelation_error=_difference(
            seed.noise_autocorrelation, made.noise_autocorrelation
        ),
        noise_autocorrelation_chance=_chance(seed.noise_rows, made.noise_rows),
        cross_correlation_error=_difference(seed.cross_correlation, made.cross_correlation),
        monotonicity=made.monotonicity,
        seed_monotonicity=seed.monotonicity,
        windows_c2st_auc=windows,
    )


def shuffled_baseline(frame: pd.DataFrame, sensors: list[str]) -> pd.DataFrame:
    """The same rows, shuffled among units of a failure mode at the same stage of life.

    A model of single rows gives such lives when its rows are sorted by life fraction alone, so
    they are the baseline for metrics over time.
    """
    rng = np.random.default_rng(0)
    stage = np.minimum((life_fraction(frame).to_numpy() * STAGES).astype(int), STAGES - 1)
    order = np.arange(len(frame))
    for rows in frame.groupby(["failure_mode", stage]).indices.values():
        order[rows] = rng.permutation(rows)
    return frame.assign(**{name: frame[name].to_numpy()[order] for name in sensors})


def relative_noise_autocorrelation_error(in_time: InTime, shuffled: InTime) -> float | None:
    """Error of the noise's autocorrelation, relative to that of the same rows shuffled."""
    return _relative(
        in_time.noise_autocorrelation_error,
        in_time.noise_autocorrelation_chance,
        shuffled.noise_autocorrelation_error,
    )


def relative_noise_of(
    frame: pd.DataFrame, names: list[str], seed: Movement, shuffled: InTime
) -> float | None:
    """The same for another set, relative to the shuffled rows of the first one."""
    raw = [life.readings for life in _long_lives(frame, names)]
    rows = sum(len(life) // SEGMENT * SEGMENT for life in raw)
    return _relative(
        _difference(seed.noise_autocorrelation, _noise_autocorrelation(raw)),
        _chance(seed.noise_rows, rows),
        shuffled.noise_autocorrelation_error,
    )


def _relative(error: float | None, chance: float | None, shuffled: float | None) -> float | None:
    if error is None or shuffled is None or chance is None:
        return None
    return error / max(shuffled, CHANCES * chance)


class _Life(NamedTuple):
    """A life: its unit, and readings, shape (rows, sensors)."""

    unit: int
    readings: Matrix


def _long_lives(frame: pd.DataFrame, names: list[str], every: int = 1) -> list[_Life]:
    """The first `MOST_UNITS` lives that have at least `FEWEST_ROWS` rows; each `every`th row."""
    units = frame["unit_id"].to_numpy()
    readings = frame[names].to_numpy()
    ends = np.append(np.flatnonzero(np.diff(units)) + 1, len(units))
    lives: list[_Life] = []
    for start, end in zip(np.append(0, ends[:-1]), ends, strict=True):
        life = readings[start:end][::-1][::every][::-1]  # With the last row.
        if len(life) >= FEWEST_ROWS and len(lives) < MOST_UNITS:
            lives.append(_Life(int(units[start]), life))
    return lives


def autocorrelation(readings: Matrix) -> Matrix:
    """Autocorrelation of each sensor at each of `LAGS`, shape (..., lags, sensors).

    Args:
        readings: Of one life, or of many segments of the same length, shape (..., rows, sensors).
    """
    readings = readings - readings.mean(axis=-2, keepdims=True)
    variance = np.square(readings).mean(axis=-2) + 1e-12
    later = ((readings[..., lag:, :] * readings[..., :-lag, :]).mean(axis=-2) for lag in LAGS)
    return np.stack([each / variance for each in later], axis=-2)


def _cross_correlation(readings: Matrix) -> Matrix:
    """Shape (lags, sensors, sensors); a constant sensor has correlation 0."""
    scaled = (readings - readings.mean(axis=0)) / (readings.std(axis=0) + 1e-12)
    rows = len(scaled)
    return np.array([scaled[lag:].T @ scaled[: rows - lag] / (rows - lag) for lag in CROSS_LAGS])


def _mean(statistic: Callable[[Matrix], Matrix], lives: list[Matrix]) -> Matrix | None:
    return np.mean([statistic(life) for life in lives], axis=0) if lives else None


def _difference(real: Matrix | None, made: Matrix | None) -> float | None:
    return None if real is None or made is None else float(np.abs(real - made).mean())


def _noise_autocorrelation(lives: list[Matrix]) -> Matrix | None:
    """Mean over all segments of all lives, shape (lags, sensors)."""
    if not lives:
        return None
    segments = np.concatenate([_noise_segments(life) for life in lives])
    return np.asarray(autocorrelation(segments).mean(axis=0))


def _chance(*rows: int) -> float | None:
    """Mean absolute difference of two estimates of an autocorrelation that is zero.

    The variance of an estimate is one over the rows (Bartlett, 1946).
    """
    return float(np.sqrt(2.0 / np.pi * sum(1.0 / count for count in rows))) if all(rows) else None


def _noise_segments(readings: Matrix) -> Matrix:
    """A life cut into segments, their trends removed; shape (segments, SEGMENT, sensors)."""
    count = len(readings) // SEGMENT
    segments = readings[: count * SEGMENT].reshape(count, SEGMENT, -1)
    trend = np.vander(np.linspace(-1.0, 1.0, SEGMENT), 3)
    kept = np.eye(SEGMENT) - trend @ np.linalg.pinv(trend)
    return np.asarray(kept @ segments)


def _windows(lives: list[_Life]) -> Windows:
    features, units = [], []
    for life in lives:
        count = len(life.readings) // WINDOW
        parts = life.readings[: count * WINDOW].reshape(count, WINDOW, -1)
        steps = np.diff(parts, axis=1).std(axis=1)
        features.append(np.hstack([parts.mean(axis=1), parts.std(axis=1), steps]))
        units.append(np.full(count, life.unit))
    if not features:
        return Windows(np.empty((0, 0)), np.empty(0, int))
    return Windows(np.vstack(features), np.concatenate(units))


def _monotonicity(lives: list[Matrix], profile: MachineProfile) -> float | None:
    from scipy.stats import rankdata

    paths = [
        (index, middle, sensor.failure - middle)
        for index, sensor in enumerate(profile.sensors)
        if sensor.failure is not None
        for middle in [(sensor.normal.min + sensor.normal.max) / 2]
    ]
    if not paths or not lives:
        return None
    wearing, middles, distances = (list(column) for column in zip(*paths, strict=True))
    health = [((life[:, wearing] - middles) / distances).mean(axis=1) for life in lives]
    with np.errstate(invalid="ignore", divide="ignore"):
        ranks = [np.corrcoef(rankdata(index), np.arange(len(index)))[0, 1] for index in health]
    return float(np.mean(np.nan_to_num(ranks)))
