"""Degradation trajectories: the path of units from new to failed, and the noise around it.

A unit's latent codes move along a curve, and the decoder turns the curve into readings without
noise. The residual of the seed's readings is the noise: its spread changes along life, it is
autocorrelated, and sensors may be correlated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from GAN.synthesis.piecewise import corner_shares, corners_for, fit_curve
from GAN.tvae.columns import Numbers
from GAN.tvae.model import TableModel

Matrix = NDArray[np.float64]

#: Weight of a sensor's overall spread at each corner of its spread along life, in rows.
PRIOR_ROWS = 5
#: Probabilities at which quantiles of the noise are stored.
SHARES = np.linspace(0.0, 1.0, 201)
MOST_AUTOCORRELATION = 0.99
#: A failure mode with fewer seed units uses the deviations of the units of all modes.
FEWEST_UNITS = 3


@dataclass(frozen=True)
class Trajectory:
    """The trajectory of units of one failure mode, at the corners of `corner_shares`.

    Attributes:
        failure_mode: The failure mode.
        curve: Codes of the mean unit, shape (corners, latent).
        deviations: Deviations of the seed's units from the mean unit of their mode, divided by the
            root of the degrees of freedom; shape (units, corners, latent).
        offset: Systematic error of the decoder's readings, shape (corners, sensors).
        spread: Standard deviation of the noise, shape (corners, sensors).
    """

    failure_mode: str
    curve: Matrix
    deviations: Matrix
    offset: Matrix
    spread: Matrix

    def codes(self, places: Matrix, rng: np.random.Generator) -> Matrix:
        """Draw the codes of a new unit at fractions of its life, shape (rows, latent).

        Its deviation from the mean unit is a random combination of the seed units' deviations.
        """
        weights = rng.standard_normal(len(self.deviations))
        curve = self.curve + np.tensordot(weights, self.deviations, 1)
        return np.asarray(corner_shares(places, len(curve)) @ curve)


@dataclass(frozen=True)
class Noise:
    """Noise of the sensors with unit spread: an AR(1) process with a Gaussian copula.

    Attributes:
        quantiles: Quantiles of each sensor's noise at `SHARES`, shape (sensors, len(SHARES)).
        lags: Lag-1 autocorrelation, shape (sensors,).
        correlation: Correlation of sensors in the same row, shape (sensors, sensors).
    """

    quantiles: Matrix
    lags: Matrix
    correlation: Matrix

    def draw(self, rows: int, rng: np.random.Generator) -> Matrix:
        """Draw the noise of one unit, shape (rows, sensors)."""
        from scipy.signal import lfilter

        shocks = rng.standard_normal((rows, len(self.lags)))
        first = _root(self.correlation) @ shocks[0]
        shocks = shocks @ _root(self.correlation * (1.0 - np.outer(self.lags, self.lags))).T
        shocks[0] = first
        noise = np.empty_like(shocks)
        for index, lag in enumerate(self.lags):
            followed = ndtr(lfilter([1.0], [1.0, -lag], shocks[:, index]))
            noise[:, index] = np.interp(followed, SHARES, self.quantiles[index])
        return noise


@dataclass(frozen=True)
class Trajectories:
    """The trajectories learnt from a seed.

    Attributes:
        sensors: Names of the sensors.
        trajectories: One for each failure mode that ends a unit of the seed.
        noise: The noise around all of them.
    """

    sensors: tuple[str, ...]
    trajectories: tuple[Trajectory, ...]
    noise: Noise

    @property
    def failure_modes(self) -> list[str]:
        """Failure modes that end units of the seed."""
        return [trajectory.failure_mode for trajectory in self.trajectories]

    def readings(
        self,
        table: TableModel,
        failure_mode: str,
        places: Sequence[Matrix],
        rng: np.random.Generator,
    ) -> Matrix:
        """Draw readings of nominal units that end by a failure mode.

        Args:
            table: Decodes codes.
            failure_mode: One of `failure_modes`.
            places: Fractions of life of each unit's rows.
            rng: Draws the units' deviations and the noise.

        Returns:
            Shape (rows of all units, sensors).
        """
        trajectory = next(each for each in self.trajectories if each.failure_mode == failure_mode)
        codes = np.concatenate([trajectory.codes(unit, rng) for unit in places])
        noise = np.concatenate([self.noise.draw(len(unit), rng) for unit in places])
        shares = corner_shares(np.concatenate(places), len(trajectory.curve))
        columns = _columns(table, self.sensors)
        expected = _decoded(table, columns, codes) + shares @ trajectory.offset
        scaled = expected + noise * (shares @ trajectory.spread)
        return np.column_stack(
            [_reading(column, scaled[:, index]) for index, column in enumerate(columns)]
        )


def fit_trajectories(
    table: TableModel,
    codes: Matrix,
    readings: Matrix,
    sensors: Sequence[str],
    places: Matrix,
    units: NDArray[np.integer],
    failure_modes: NDArray[np.object_],
) -> Trajectories:
    """Learn the trajectories of a seed's units.

    The rows of a unit must be consecutive, from new to failed.

    Args:
        table: Model of the rows.
        codes: Code of each row, shape (rows, latent).
        readings: Readings of a nominal unit, shape (rows, sensors).
        sensors: Names of the sensors.
        places: Fraction of life of each row, shape (rows,).
        units: Unit of each row, shape (rows,).
        failure_modes: Failure mode of each row's unit, shape (rows,).
    """
    columns = _columns(table, sensors)
    rng = np.random.default_rng(0)
    scaled = np.column_stack(
        [_scaled(column, readings[:, index], rng) for index, column in enumerate(columns)]
    )
    corners = corners_for(float(np.median(np.unique(units, return_counts=True)[1])))
    noise = np.empty_like(scaled)
    trajectories = []
    for mode in sorted(set(failure_modes)):
        rows = np.flatnonzero(failure_modes == mode)
        shares = corner_shares(places[rows], corners)
        curve = fit_curve(shares, codes[rows])
        deviations, followed = _follow_units(shares, codes[rows], curve, units[rows])
        missed = scaled[rows] - _decoded(table, columns, followed)
        offset = fit_curve(shares, missed)
        missed -= shares @ offset
        spread = _spread(shares, missed)
        noise[rows] = missed / np.maximum(shares @ spread, 1e-12)
        trajectories.append(Trajectory(str(mode), curve, deviations, offset, spread))
    trajectories = _with_common_deviations(trajectories)
    return Trajectories(tuple(sensors), tuple(trajectories), _fit_noise(noise, units))


def _with_common_deviations(trajectories: Sequence[Trajectory]) -> list[Trajectory]:
    """Scale the deviations; a mode with too few units gets the deviations of all modes."""
    every = np.concatenate([trajectory.deviations for trajectory in trajectories])
    common = every / np.sqrt(max(len(every) - len(trajectories), 1))
    return [
        replace(
            trajectory,
            deviations=common
            if len(trajectory.deviations) < FEWEST_UNITS
            else trajectory.deviations / np.sqrt(len(trajectory.deviations) - 1),
        )
        for trajectory in trajectories
    ]


def _follow_units(
    shares: Matrix, codes: Matrix, curve: Matrix, units: NDArray[np.integer]
) -> tuple[Matrix, Matrix]:
    """Each unit's deviation from the mean unit, and the codes of all rows on their units' curves.

    Returns:
        Shapes (units, corners, latent) and (rows, latent).
    """
    followed = np.empty_like(codes)
    deviations = []
    for unit in np.unique(units):
        rows = units == unit
        deviations.append(fit_curve(shares[rows], codes[rows] - shares[rows] @ curve))
        followed[rows] = shares[rows] @ (curve + deviations[-1])
    return np.array(deviations), followed


def _spread(shares: Matrix, missed: Matrix) -> Matrix:
    """Standard deviation at each corner."""
    overall = np.square(missed).mean(axis=0)
    weight = shares.sum(axis=0)[:, None]
    return np.asarray(
        np.sqrt((shares.T @ np.square(missed) + PRIOR_ROWS * overall) / (weight + PRIOR_ROWS))
    )


def _fit_noise(left: Matrix, units: NDArray[np.integer]) -> Noise:
    quantiles = np.quantile(left, SHARES, axis=0).T
    margin = 0.5 / len(left)
    normal = np.column_stack(
        [
            ndtri(np.interp(column, own, SHARES).clip(margin, 1.0 - margin))
            for column, own in zip(left.T, quantiles, strict=True)
        ]
    )
    deviation = normal.std(axis=0) + 1e-12
    normal = (normal - normal.mean(axis=0)) / deviation
    follows = units[1:] == units[:-1]
    lags = (normal[1:][follows] * normal[:-1][follows]).mean(axis=0) if follows.any() else 0.0
    correlation = normal.T @ normal / len(normal)
    np.fill_diagonal(correlation, 1.0)
    return Noise(quantiles, np.clip(lags, 0.0, MOST_AUTOCORRELATION) + 0.0, correlation)


def _root(covariance: Matrix) -> Matrix:
    """A square root of the nearest positive definite matrix, with the same variances."""
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(values.clip(1e-9))
    scale = np.sqrt(np.diag(covariance) / np.square(root).sum(axis=1))
    return np.asarray(root * scale[:, None])


def _columns(table: TableModel, sensors: Sequence[str]) -> list[Numbers]:
    by_name = {column.name: column for column in table.columns if isinstance(column, Numbers)}
    return [by_name[name] for name in sensors]


def _decoded(table: TableModel, columns: Sequence[Numbers], codes: Matrix) -> Matrix:
    """Decoded means on the scale of the noise, shape (rows, len(columns))."""
    means = table.means(codes.astype(np.float32))
    return np.column_stack(
        [
            means[column.name] if column.tied else column.smoothly(means[column.name])
            for column in columns
        ]
    )


def _scaled(column: Numbers, numbers: Matrix, rng: np.random.Generator) -> Matrix:
    """Readings on the scale on which their noise is estimated.

    It is the sensor's own scale, except where values repeat: an atom has noise only on the
    channel's scale.
    """
    return column.to_channel(numbers, rng) if column.tied else numbers


def _reading(column: Numbers, scaled: Matrix) -> Matrix:
    return column.from_channel(scaled) if column.tied else column.possible(scaled)
