"""Trajectories of models of version 0.1, and their conversion to those of now.

In version 0.1 a unit moved on a curve of latent codes, which the decoder turned into readings, and
noise was an AR(1) process with a Gaussian copula.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from GAN.synthesis.piecewise import corner_shares
from GAN.synthesis.trajectories import DegradationTrajectories, DegradationTrajectory
from GAN.synthesis.unit_distribution import UnitDistribution
from GAN.tvae.columns import Numbers
from GAN.tvae.model import TableModel

Matrix = NDArray[np.float64]

#: Probabilities at which quantiles of the noise are stored.
SHARES = np.linspace(0.0, 1.0, 201)
#: Rows of noise that are drawn for a failure mode.
NOISE_ROWS = 3_000


@dataclass(frozen=True)
class Trajectory:
    """The trajectory of units of one failure mode, at the corners of `corner_shares`.

    Attributes:
        failure_mode: The failure mode.
        curve: Codes of the mean unit, shape (corners, latent).
        deviations: Deviations of known units from it, divided by the root of the degrees of
            freedom; shape (units, corners, latent).
        offset: Systematic error of the decoder's readings, shape (corners, sensors).
        spread: Standard deviation of the noise, shape (corners, sensors).
    """

    failure_mode: str
    curve: Matrix
    deviations: Matrix
    offset: Matrix
    spread: Matrix


@dataclass(frozen=True)
class Noise:
    """Noise of the sensors with unit spread.

    Attributes:
        quantiles: Quantiles of each sensor's noise at `SHARES`, shape (sensors, len(SHARES)).
        lags: Lag-1 autocorrelation, shape (sensors,).
        correlation: Correlation of sensors in the same row, shape (sensors, sensors).
    """

    quantiles: Matrix
    lags: Matrix
    correlation: Matrix

    def drawn(self, rows: int) -> Matrix:
        """Shape (rows, sensors)."""
        from scipy.signal import lfilter

        shocks = np.random.default_rng(0).standard_normal((rows, len(self.lags)))
        first = _root(self.correlation) @ shocks[0]
        shocks = shocks @ _root(self.correlation * (1.0 - np.outer(self.lags, self.lags))).T
        shocks[0] = first
        columns = [
            np.interp(ndtr(lfilter([1.0], [1.0, -lag], column)), SHARES, quantiles)
            for lag, column, quantiles in zip(self.lags, shocks.T, self.quantiles, strict=True)
        ]
        return np.column_stack(columns)


@dataclass(frozen=True)
class Trajectories:
    """The trajectories of a model of version 0.1."""

    sensors: tuple[str, ...]
    trajectories: tuple[Trajectory, ...]
    noise: Noise

    def converted(self, table: TableModel) -> DegradationTrajectories:
        """The same in the sensors' own units; units deviate as the decoder does near the mean."""
        by_name = {column.name: column for column in table.columns if isinstance(column, Numbers)}
        columns = [by_name[name] for name in self.sensors]
        noise = self.noise.drawn(NOISE_ROWS)
        return DegradationTrajectories(
            self.sensors,
            tuple(_converted(each, table, columns, noise) for each in self.trajectories),
        )


def _converted(
    old: Trajectory, table: TableModel, columns: list[Numbers], noise: Matrix
) -> DegradationTrajectory:
    mean = _decoded(table, columns, old.curve)
    units = len(old.deviations)
    deviations = [_decoded(table, columns, old.curve + each) - mean for each in old.deviations]
    shares = corner_shares(np.linspace(0.0, 1.0, len(noise)), len(old.spread))
    return DegradationTrajectory(
        failure_mode=old.failure_mode,
        curve=mean + old.offset,
        units=UnitDistribution(
            groups=np.zeros(units, np.intp),
            group_curves=np.zeros((1, *mean.shape)),
            group_lives=np.zeros(1),
            deviations=np.array(deviations),
            life_deviations=np.zeros(units),
        ),
        noise=(noise * (shares @ old.spread)).astype(np.float32),
        noise_ends=np.full(units, NOISE_ROWS),
        regimes=np.zeros(NOISE_ROWS, np.int8),
        settings=np.empty((NOISE_ROWS, 0)),
        periods=(),
        cycles=np.empty((units, 0, len(columns))),
        step_hours=0.0,
    )


def _decoded(table: TableModel, columns: list[Numbers], codes: Matrix) -> Matrix:
    """Decoded means on the scale of the noise, shape (rows, len(columns))."""
    means = table.means(codes.astype(np.float32))
    return np.column_stack(
        [
            means[column.name] if column.tied else column.smoothly(means[column.name])
            for column in columns
        ]
    )


def _root(covariance: Matrix) -> Matrix:
    """A square root of the nearest positive definite matrix, with the same variances."""
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(values.clip(1e-9))
    scale = np.sqrt(np.diag(covariance) / np.square(root).sum(axis=1))
    return np.asarray(root * scale[:, None])
