"""Are synthetic lives as long as the known ones?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from GAN.config.rul_profiles import RulProfile
from GAN.simulation.lifetime_distribution import weibull

Floats = NDArray[np.float64]

#: Sets of the same distribution differ by more than the critical distance with this probability.
CHANCE = 0.01


def simulated_life_length_error(made: Floats, life: RulProfile) -> float:
    """Error of the life lengths of sets whose seed is simulated.

    Args:
        made: Lengths of synthetic lives, hours, shape (lives,).
        life: The distribution of simulated lives.

    Returns:
        Kolmogorov-Smirnov distance to the profile's distribution, relative to the critical one.
    """
    from scipy.stats import kstest

    return float(kstest(made, weibull(life).cdf).statistic) / _critical(len(made))


def real_life_length_error(made: Floats, lived: Floats, failed: NDArray[np.bool_]) -> float:
    """Error of the life lengths of sets whose seed has real units.

    Args:
        made: Lengths of synthetic lives, hours, shape (lives,).
        lived: What real units have lived, hours, shape (units,).
        failed: Whether each of them failed then; at least one has.

    Returns:
        Largest difference to the Kaplan-Meier estimate up to the last failure, relative to the
        critical Kolmogorov-Smirnov distance of two samples of these sizes.
    """
    from scipy.stats import CensoredData, ecdf

    known = ecdf(CensoredData.right_censored(lived, ~failed)).cdf
    at = np.concatenate([made, lived])
    at = at[at <= lived[failed].max()]
    share_made = np.searchsorted(np.sort(made), at, side="right") / len(made)
    distance = np.abs(share_made - known.evaluate(at)).max()
    units = int(failed.sum())
    return float(distance) / _critical(len(made) * units / (len(made) + units))


def _critical(size: float) -> float:
    """Distance that a sample exceeds with probability `CHANCE`."""
    from scipy.stats import kstwo

    if size < 1:  # One known unit: every distance, up to the largest of 1, may be chance.
        return 1.0
    return float(kstwo.ppf(1.0 - CHANCE, round(size)))
