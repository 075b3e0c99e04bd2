"""The metrics that decide whether a synthetic set passes, their limits, and the reasons for them.

The limits were set on the machines of the fleet at default settings. They were compared with sets
that are as good as possible (fresh simulated units) and sets that are known to be poor (columns
drawn independently, shuffled rows, too few rows). docs/synthesis.md has the values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The limits of one metric.

    Attributes:
        title: The metric in words.
        good: Green up to here.
        usable: Amber up to here, red beyond: the set is generated again after another training.
        why: What the metric measures, and why its limits are what they are.
        more_is_better: Whether high values are good.
        old_name: The metric's name in reports of version 0.1.
    """

    title: str
    good: float
    usable: float
    why: str
    more_is_better: bool = False
    old_name: str = ""


#: Limits by metric.
GATES: Mapping[str, Limits] = {
    "violations": Limits(
        "impossible values and lives",
        0,
        0,
        "Missing or infinite values, readings outside their limits or with a fraction where the "
        "seed has whole numbers, lives whose RUL does not fall evenly to 0, units in two sets. "
        "A single one means that something is broken.",
    ),
    "rows_c2st_auc": Limits(
        "classifier test on rows (AUC)",
        0.65,
        0.80,
        "How well boosted trees separate synthetic rows from seed rows, on units they were not "
        "trained on. 0.5 or less: not at all. Fresh simulated units stay below 0.5, independent "
        "columns reach 1.",
        old_name="rows_told_apart",
    ),
    "windows_c2st_auc": Limits(
        "classifier test on windows of 16 rows (AUC)",
        0.75,
        0.90,
        "The same for windows of consecutive rows, so the order of the rows counts. Fresh units "
        "stay below 0.5, shuffled rows reach 1. Not judged where the set's time step is more than "
        "twice the seed's, because larger steps alone make windows steeper.",
        old_name="windows_told_apart",
    ),
    "column_shapes": Limits(
        "fidelity of single columns (KS)",
        0.90,
        0.80,
        "Mean of 1 - Kolmogorov-Smirnov distance. Seeds have few units, so fresh units reach only "
        "0.95. Independent columns with the right distributions reach 0.65 to 0.7, because they "
        "lose the unit effects.",
        more_is_better=True,
    ),
    "spearman_error": Limits(
        "error of rank correlations",
        0.06,
        0.15,
        "Mean absolute error over all pairs of RUL and sensors. Fresh units differ by 0.01 to "
        "0.04, independent columns by 0.3.",
    ),
    "relative_noise_autocorrelation_error": Limits(
        "autocorrelation error of the noise",
        0.50,
        0.80,
        "Error of the noise's autocorrelation, lags 1 to 10, relative to the error of the same "
        "rows shuffled. Fresh units have 0.1, and up to 0.45 where the noise has hardly any "
        "autocorrelation; shuffled rows have 1. Noise that is too smooth counts as well.",
        old_name="noise_order_lost",
    ),
    "error_ratio": Limits(
        "RUL error, trained on synthetic / on real data (TSTR / TRTR)",
        1.25,
        1.60,
        "Above 1, a forecaster does better with the seed alone. A seed of few units leaves the "
        "ratio uncertain by about 0.2. Tested on fresh simulated units. Where the seed is real "
        "there are none, and the units used for the test were in the generative model's training "
        "data.",
    ),
    "range_coverage": Limits(
        "smallest covered share of a sensor's range",
        0.75,
        0.50,
        "A sensor that never comes near its failure value teaches nothing about failing. Fresh "
        "units cover 0.9 and more, but one unit of a seed may have gone further than the others.",
        more_is_better=True,
    ),
    "nearest_neighbour_share": Limits(
        "share of rows closer to the seed than other units are",
        0.65,
        0.80,
        "0.5 is as close as real units are to each other; copies of the seed's rows reach 1.",
    ),
}
