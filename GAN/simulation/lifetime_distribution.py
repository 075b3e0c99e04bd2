"""How long units live: the profile's Weibull distribution, or what real units have lived."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from GAN.config.rul_profiles import RulProfile

if TYPE_CHECKING:
    from scipy.stats._distn_infrastructure import rv_continuous_frozen

Floats = NDArray[np.float64]

#: Share of lives that would exceed `max_rul_hours` if the Weibull distribution were not truncated.
CUT_OFF_ABOVE = 0.1
#: A unit that fails before this share of `max_rul_hours` did not wear out: it is not drawn.
SHORTEST_LIFE = 0.1

#: Probabilities at which quantiles of the distribution are stored.
SHARES = (np.arange(400) + 0.5) / 400

#: Bandwidth around each unit's life, in standard deviations of all, times the root of the number of
#: units. It falls faster than by the usual rule, as lives often have more than one peak.
BANDWIDTH = 0.8
#: The most by which lives of a few units are spread apart.
MOST_SPREAD = 1.5
#: Points at which the distribution is computed.
GRID = 1_001
#: No life is shorter than this share of the shortest one seen.
SHORTEST = 0.5


@dataclass(frozen=True)
class LifetimeDistribution:
    """A distribution of lifetimes.

    Attributes:
        quantiles: Hours at `SHARES`, ascending.
    """

    quantiles: Floats

    @classmethod
    def of_profile(cls, life: RulProfile) -> Self:
        """The profile's Weibull distribution, truncated at both ends."""
        return cls(weibull_quantiles(life, SHARES))

    @classmethod
    def of_units(cls, hours: Floats, failed: NDArray[np.bool_], life: RulProfile) -> Self:
        """The distribution of what units have lived: a smoothed Kaplan-Meier estimate.

        A few units say little about how much lives differ, so the variance of the profile's Weibull
        shape counts as much as one unit does. Lives that the estimate puts beyond the limits are
        reflected there.

        Args:
            hours: What each unit has lived, shape (units,).
            failed: Whether it failed then; at least one has. The others (censored) live longer.
            life: Gives the longest life and the usual variation.
        """
        from scipy.special import ndtr
        from scipy.stats import CensoredData, ecdf, weibull_min

        longest = life.max_rul_hours
        estimate = ecdf(CensoredData.right_censored(hours, ~failed)).cdf
        # Behind the last failure, units may live on: at least as long as the oldest one.
        seen = np.append(estimate.quantiles, hours.max())
        lives = np.minimum(seen[np.searchsorted(estimate.probabilities, SHARES)], longest)
        mean, variance = float(lives.mean()), float(lives.var())
        usual = weibull_min.std(life.weibull_shape) / weibull_min.mean(life.weibull_shape) * mean
        wanted = variance + usual**2 / failed.sum()
        kernel = BANDWIDTH**2 * wanted / failed.sum()
        stretch = min(np.sqrt((wanted - kernel) / max(variance, 1e-12)), MOST_SPREAD)
        deviation = np.sqrt(wanted - stretch**2 * variance)

        centres = mean + stretch * (lives - mean)

        def below(limits: Floats) -> Floats:
            return np.asarray(ndtr((limits[:, None] - centres) / deviation).mean(axis=1))

        shortest = SHORTEST * float(lives.min())
        grid = np.linspace(shortest, longest, GRID)
        shares = below(grid) - below(2.0 * shortest - grid) + 1.0 - below(2.0 * longest - grid)
        shares = (shares - shares[0]) / (shares[-1] - shares[0])
        return cls(np.interp(SHARES, np.maximum.accumulate(shares), grid))

    @property
    def mean_hours(self) -> float:
        """The mean life, hours."""
        return float(np.mean(self.quantiles))

    def draw(self, units: int, rng: np.random.Generator) -> Floats:
        """Draw lives that represent the distribution evenly: one from each of `units` parts of it.

        Returns:
            Hours in random order, shape (units,).
        """
        shares = (rng.permutation(units) + rng.random(units)) / units
        return np.interp(shares, SHARES, self.quantiles)


def draw_lives(life: RulProfile, units: int, rng: np.random.Generator) -> Floats:
    """Draw lengths of lives in hours, shape (units,)."""
    return weibull_quantiles(life, rng.random(units))


def weibull_quantiles(life: RulProfile, share: Floats) -> Floats:
    """Quantiles of the profile's distribution, hours."""
    return np.asarray(np.minimum(weibull(life).ppf(share), life.max_rul_hours))


def weibull(life: RulProfile) -> rv_continuous_frozen:
    """The profile's distribution of lives: a Weibull distribution truncated at both ends, hours.

    Its scale is such that `CUT_OFF_ABOVE` of the whole distribution exceeds `max_rul_hours`.
    """
    from scipy.stats import truncweibull_min

    longest = (-math.log(CUT_OFF_ABOVE)) ** (1.0 / life.weibull_shape)  # In units of the scale.
    return truncweibull_min(
        life.weibull_shape, SHORTEST_LIFE * longest, longest, scale=life.max_rul_hours / longest
    )
