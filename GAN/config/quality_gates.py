"""From which figures on a set is good, usable, or to be made again, and why there.

The limits were set on the machines of the fleet at default settings, beside sets that are known to
be as good as can be (fresh simulated units) and known to be poor (columns drawn independently of
each other, rows in no order, too few rows); docs/synthesis.md has the figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """The limits of one figure.

    Attributes:
        title: The figure, in a reader's words.
        good: Green up to here.
        usable: Amber up to here, red beyond: the set is made again.
        why: What the figure tells, and why its limits lie where they do.
        more_is_better: Whether figures fall from good to poor.
    """

    title: str
    good: float
    usable: float
    why: str
    more_is_better: bool = False


LIMITS: Mapping[str, Limit] = {
    "violations": Limit(
        "values and lives that cannot be",
        0,
        0,
        "Missing or infinite values, readings outside their limits or with a fraction where the "
        "seed has whole numbers, lives whose RUL does not fall evenly to 0, units in two sets. "
        "One is too many: something is broken.",
    ),
    "rows_told_apart": Limit(
        "rows told apart (AUC)",
        0.65,
        0.80,
        "Trees that have not seen these units guess which rows are synthetic: 0.5 or less is not "
        "at all. Fresh simulated units stay below 0.5, independent columns reach 1.",
    ),
    "windows_told_apart": Limit(
        "windows of 16 rows told apart (AUC)",
        0.75,
        0.90,
        "The same for stretches of a life: only rows in a believable order pass. Fresh units stay "
        "below 0.5, rows in no order reach 1. Not judged where the set's time step is more than "
        "twice the seed's: it is steeper from row to row for that alone.",
    ),
    "column_shapes": Limit(
        "likeness of single columns (KS)",
        0.90,
        0.80,
        "Mean of 1 - Kolmogorov-Smirnov distance. Seeds have few units, so fresh units only reach "
        "0.95; independent columns of the right shape keep 0.65 to 0.7, as levels are lost.",
        more_is_better=True,
    ),
    "spearman_error": Limit(
        "error of rank correlations",
        0.06,
        0.15,
        "Mean over all pairs of RUL and sensors. Fresh units differ by 0.01 to 0.04, independent "
        "columns by 0.3.",
    ),
    "noise_order_lost": Limit(
        "order of the noise that is lost",
        0.50,
        0.80,
        "Error of the noise's autocorrelation, lags 1 to 10, as a share of that of the same rows "
        "in no order. Fresh units lose 0.1, and up to 0.45 of noise that hardly follows itself; "
        "rows in no order lose 1. Too smooth a noise counts as well.",
    ),
    "error_ratio": Limit(
        "RUL error, learnt from synthetic / from real data",
        1.25,
        1.60,
        "Above 1 a forecaster is better off with the seed alone; a seed of few units leaves the "
        "ratio uncertain by some 0.2. On fresh simulated units; where the seed is real there are "
        "none, and the model, unlike the real side, has learnt the units that are forecast.",
    ),
    "range_coverage": Limit(
        "least share of a sensor's range that is filled",
        0.75,
        0.50,
        "A sensor that never comes near its failure value teaches nothing about failing. Fresh "
        "units fill 0.9 and more, but one unit of a seed may have gone further than others.",
        more_is_better=True,
    ),
    "nearest_neighbour_share": Limit(
        "rows nearer to the seed than other units are",
        0.65,
        0.80,
        "0.5 is as near as real units are to each other; copies of the seed's rows reach 1.",
    ),
}
