"""Do lives end by the right failure modes, as often and with such readings as known lives?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from GAN.datasets.run_to_failure import life_fraction
from GAN.profiles.profile import MachineProfile

if TYPE_CHECKING:
    import pandas as pd

Matrix = NDArray[np.float64]
Counts = NDArray[np.integer]
Labels = NDArray[np.object_]

#: Draws of counts that are equally good.
DRAWS = 2_000
#: The end of a life: the last tenth.
END = 0.9


def failure_mode_chance(
    seed: pd.DataFrame,
    synthetic: Mapping[str, pd.DataFrame],
    profile: MachineProfile,
    fresh: pd.DataFrame | None,
) -> float:
    """How likely equally good sets are to differ as much.

    The counts of the train set are judged, and the last readings of all sets. A small set has at
    least one life of each mode, so its counts cannot follow the shares.

    Args:
        seed: The known lives.
        synthetic: The sets by name.
        profile: The machine.
        fresh: Fresh units, if the seed is simulated: then the profile's shares are the right ones.
            Without them they are those of the seed.

    Returns:
        The smaller one of two probabilities, doubled because there are two: that of such counts of
        failure modes, and that of as many lives whose last readings are nearer to those of another
        mode.
    """
    modes = [mode.name for mode in profile.failure_modes]
    if len(modes) == 1:
        return 1.0
    sensors = [sensor.name for sensor in profile.sensors]
    scale = seed[sensors].std().to_numpy() + 1e-12
    known = _ends(seed, sensors, scale)
    parts = [_ends(frame, sensors, scale) for frame in synthetic.values()]
    made = np.vstack([ends for ends, _ in parts]), np.concatenate([names for _, names in parts])
    lives = synthetic["train"].groupby("unit_id")["failure_mode"].first()
    counts = np.array([(lives == mode).sum() for mode in modes])
    if fresh is None:
        shares = _chance_of_both(np.array([(known[1] == mode).sum() for mode in modes]), counts)
        right = _left_out_agreement(*known)
    else:
        shares = _chance_of_counts(counts, np.array([mode.share for mode in profile.failure_modes]))
        right = _agreement(known, _ends(fresh, sensors, scale))
    return min(1.0, 2.0 * min(shares, _chance_of_fewer(_agreement(known, made), right)))


def _ends(frame: pd.DataFrame, sensors: list[str], scale: Matrix) -> tuple[Matrix, Labels]:
    """Mean readings at the end of each life, in standard deviations, and its failure mode."""
    late = frame[life_fraction(frame) >= END]
    lives = late.groupby("unit_id")
    return lives[sensors].mean().to_numpy() / scale, lives["failure_mode"].first().to_numpy()


def _agreement(known: tuple[Matrix, Labels], asked: tuple[Matrix, Labels]) -> NDArray[np.bool_]:
    """Whether the mean end nearest to a life's end is that of its mode; known modes only."""
    modes = np.unique(known[1])
    centres = np.array([known[0][known[1] == mode].mean(axis=0) for mode in modes])
    judged = np.isin(asked[1], modes)
    away = np.square(asked[0][judged][:, None] - centres).sum(axis=2)
    return np.asarray(modes[away.argmin(axis=1)] == asked[1][judged])


def _left_out_agreement(ends: Matrix, names: Labels) -> NDArray[np.bool_]:
    """The same for known lives, each compared with the others; without modes of a single life."""
    found = []
    for place, name in enumerate(names):
        if (names == name).sum() > 1:
            others = np.arange(len(names)) != place
            own = ends[[place]], names[[place]]
            found.append(_agreement((ends[others], names[others]), own))
    return np.concatenate(found) if found else np.empty(0, bool)


def _chance_of_fewer(made: NDArray[np.bool_], right: NDArray[np.bool_]) -> float:
    """Fisher's exact test: that so few agree, if as large a share should as on the right side."""
    from scipy.stats import fisher_exact

    table = [[int(side.sum()), int((~side).sum())] for side in (made, right)]
    return float(fisher_exact(table, alternative="less").pvalue)


def _chance_of_counts(counts: Counts, shares: Matrix) -> float:
    """Likelihood-ratio test of counts against shares, its distribution from draws."""
    expected = shares / shares.sum() * counts.sum()
    rng = np.random.default_rng(0)
    drawn = rng.multinomial(counts.sum(), shares / shares.sum(), DRAWS)
    return _share_as_large(_divergence(drawn, expected), _divergence(counts, expected))


def _chance_of_both(known: Counts, made: Counts) -> float:
    """Likelihood-ratio test of two rows of counts of the same law."""
    both = known + made
    drawn = np.random.default_rng(0).multivariate_hypergeometric(both, made.sum(), DRAWS)
    expected = [both * (side.sum() / both.sum()) for side in (made, known)]
    found, usual = (
        _divergence(side, expected[0]) + _divergence(both - side, expected[1])
        for side in (made, drawn)
    )
    return _share_as_large(usual, found)


def _divergence(counts: Counts, expected: Matrix) -> Matrix:
    """Logarithm of the likelihood ratio: unlike chi-square it finds a rare mode that is missing."""
    from scipy.special import xlogy

    return np.asarray(xlogy(counts, counts / np.maximum(expected, 1e-12)).sum(axis=-1))


def _share_as_large(drawn: Matrix, found: Matrix) -> float:
    return float((1 + (drawn >= found - 1e-9).sum()) / (1 + len(drawn)))
