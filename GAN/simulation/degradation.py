"""Degradation laws: how far a sensor is from healthy (0) to failed (1).

A degradation law maps local progress s, which runs from 0 at the sensor's onset to 1 at failure, to
the sensor's path. Before that, `wear` converts life fraction to progress.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from GAN.config.rul_profiles import DegradationPattern
from GAN.profiles.drivers import Maintenance
from GAN.profiles.profile import Law

Path = NDArray[np.float64]

#: Wear at half of life; wear is linear in time on both sides of it.
WEAR_AT_HALF_LIFE = {"linear_slow": 0.35, "linear_medium": 0.5, "linear_fast": 0.65}
#: Growth exponent of exponential wear: 5 % of it is left for the first fifth of life.
WEAR_GROWTH = 3.0

#: Shape of the gamma process over a whole life: smaller values give rougher paths.
GAMMA_SHAPE = 60.0
#: The standard deviation of a Wiener path halfway is half of this.
WIENER_SPREAD = 0.12


def wear(life_fraction: Path, pattern: DegradationPattern) -> Path:
    """Wear after a fraction of life.

    Args:
        life_fraction: Values in [0, 1], any shape.
        pattern: `linear_slow` wears most in the second half of life, `linear_fast` in the first,
            `linear_medium` uniformly; `exponential` wears faster the more is worn.

    Returns:
        Wear in [0, 1], of the same shape: monotone, 0 at 0 and 1 at 1.
    """
    if pattern == "exponential":
        worn: Path = np.expm1(WEAR_GROWTH * life_fraction) / np.expm1(WEAR_GROWTH)
        return worn
    return np.interp(life_fraction, [0.0, 0.5, 1.0], [0.0, WEAR_AT_HALF_LIFE[pattern], 1.0])


def linear(s: Path) -> Path:
    """Wear at a constant rate: belts, fouling."""
    return np.asarray(s, dtype=np.float64)


def exponential(s: Path) -> Path:
    """Efficiency loss of a turbofan, (exp(a·s^b) - 1) / (exp(a) - 1) with a = 3, b = 1.5.

    Source: Saxena, Goebel, Simon and Eklund, Damage Propagation Modeling for Aircraft Engine
    Run-to-Failure Simulation, PHM 2008: health h(t) = 1 - d - exp(a·t^b), b from 1.4 to 1.6.
    """
    lost: Path = np.expm1(3.0 * np.power(s, 1.5)) / np.expm1(3.0)
    return lost


def three_stage(s: Path) -> Path:
    """Wear of a cutting tool: break-in, a long steady stage, an accelerating end.

    The three terms of the sum are the three stages. Source: flank wear curve of ISO 8688.
    """
    break_in: Path = np.expm1(-30.0 * s) / np.expm1(-30.0)
    return 0.15 * break_in + 0.45 * s + 0.40 * np.power(s, 8)


def arrhenius(s: Path) -> Path:
    """Thermal ageing of insulation at rising temperature.

    The ageing rate follows Arrhenius. Near service temperature this is Montsinger's rule: the rate
    doubles every 6 K (IEC 60076-7). For a linear rise of 18 K, the integral of the rate is
    (2^(3s) - 1) / (2^3 - 1).
    """
    aged: Path = (np.exp2(3.0 * s) - 1.0) / 7.0
    return aged


def paris(s: Path) -> Path:
    """Growth of a fatigue crack to ten times its initial length.

    Paris and Erdogan (1963), da/dN = C·ΔK^m with ΔK = Δσ·sqrt(π·a). For m = 3 the closed form is
    a(s) = a0 / (1 - s·(1 - sqrt(a0/a1)))², from a0 at s = 0 to a1 at s = 1.
    """
    growth = 10.0
    length: Path = 1.0 / np.square(1.0 - s * (1.0 - 1.0 / np.sqrt(growth)))
    return (length - 1.0) / (growth - 1.0)


def gamma(s: Path, rng: np.random.Generator) -> Path:
    """Monotone wear in random jumps: a gamma bridge from 0 at s = 0 to 1 at s = 1.

    Args:
        s: Non-decreasing progress, shape (n,).
        rng: Draws the jumps.

    Returns:
        One non-decreasing path, shape (n,).
    """
    worn: Path = np.cumsum(rng.gamma(GAMMA_SHAPE * _steps(s)))
    bridge: Path = worn[:-1] / worn[-1]
    return bridge


def wiener(s: Path, rng: np.random.Generator) -> Path:
    """Wear that may recover temporarily: drift 1 plus a Brownian bridge, clipped to [0, 1].

    Args:
        s: Non-decreasing progress, shape (n,).
        rng: Draws the bridge.

    Returns:
        One path, shape (n,), 0 at s = 0 and 1 at s = 1.
    """
    moves = rng.normal(0.0, np.sqrt(_steps(s)))
    walk = np.cumsum(moves[:-1])
    bridge = np.where(s < 1.0, walk - s * moves.sum(), 0.0)
    return np.clip(s + WIENER_SPREAD * bridge, 0.0, 1.0)


def _steps(s: Path) -> Path:
    """Increments of progress before each point and after the last one, shape (n + 1,), sum 1."""
    return np.diff(s, prepend=0.0, append=1.0)


FIXED_LAWS: Mapping[Law, Callable[[Path], Path]] = {
    "linear": linear,
    "exponential": exponential,
    "three_stage": three_stage,
    "arrhenius": arrhenius,
    "paris": paris,
}
RANDOM_LAWS: Mapping[Law, Callable[[Path, np.random.Generator], Path]] = {
    "gamma": gamma,
    "wiener": wiener,
}


def degradation(law: Law, s: Path, rng: np.random.Generator) -> Path:
    """The path of one sensor over one life.

    Args:
        law: Name of the law.
        s: Non-decreasing local progress in [0, 1], shape (n,).
        rng: Used only by the random laws.

    Returns:
        Degradation in [0, 1], shape (n,): 0 where s is 0, 1 where s is 1.
    """
    if law in RANDOM_LAWS:
        return RANDOM_LAWS[law](s, rng)
    return FIXED_LAWS[law](s)


def restored(path: Path, hours: Path, maintenance: Maintenance) -> Path:
    """A path with maintenance: each takes back a share of the degradation at its time.

    What it took back is worn off again by the next maintenance, or by the failure, so the law holds
    at these times.

    Args:
        path: Degradation without maintenance, shape (n,).
        hours: Ascending time of each row up to the failure, shape (n,).
        maintenance: How often, and how much.
    """
    last = np.floor(hours / maintenance.every_hours) * maintenance.every_hours
    left = np.minimum(maintenance.every_hours, hours[-1] - last)
    fresh = 1.0 - (hours - last) / np.maximum(left, 1e-9)
    degraded = np.interp(last, hours, path)
    restored_share = np.where(last > 0.0, maintenance.restores * np.clip(fresh, 0.0, 1.0), 0.0)
    restored_share[-1] = 0.0
    return path - restored_share * degraded
