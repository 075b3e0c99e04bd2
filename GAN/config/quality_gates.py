"""The metrics that decide whether a synthetic set passes, their limits, and the reasons for them.

A poor value of some metrics fails a set. A poor likeness to the seed does so only if the set is not
shown to help a RUL model (`Weight`).

The limits were set on the machines of the fleet at default settings. They were compared with sets
that are as good as possible (fresh simulated units) and sets that are known to be poor (columns
drawn independently, shuffled rows, too few rows). docs/synthesis.md has the values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Weight(Enum):
    """What a poor value does to the verdict."""

    FAILS = "the set fails"
    #: Lives that can be recognised as synthetic may still teach a RUL model.
    FAILS_WITHOUT_WORTH = "the set fails unless its worth is shown"
    CARE = "the set passes with care"


#: AUC of a classifier that separates nothing.
GUESSING = 0.5


@dataclass(frozen=True)
class Limits:
    """The limits of one metric.

    Attributes:
        title: The metric in words.
        good: Good up to here.
        usable: Usable up to here, poor beyond.
        why: What the metric measures, and why its limits are what they are.
        remedy: What would change a poor value.
        question: What the metric answers.
        answers: The answers when the value is good, usable and poor.
        number: Template of the value in words, with the fields `value` and `percent`.
        scale: The values at the ends of a bar that shows good, usable and poor.
        weight: What a poor value does to the verdict.
        more_is_better: Whether high values are good.
        reference: A value to compare with, and what has that value.
        old_name: The metric's name in reports of version 0.1.
    """

    title: str
    good: float
    usable: float
    why: str
    question: str
    answers: tuple[str, str, str]
    number: str
    scale: tuple[float, float]
    remedy: str
    weight: Weight = Weight.FAILS_WITHOUT_WORTH
    more_is_better: bool = False
    reference: tuple[float, str] | None = None
    old_name: str = ""


#: What more known units can change.
_MORE_UNITS = "more known units would help"

#: Limits by metric.
GATES: Mapping[str, Limits] = {
    "violations": Limits(
        "impossible values and lives",
        0,
        0,
        "Missing or infinite values, readings outside their limits or with a fraction where the "
        "seed has whole numbers, lives whose RUL does not fall evenly to 0, units in two sets. "
        "A single one means that something is broken.",
        question="Are there impossible values or lives?",
        answers=("no", "yes", "yes"),
        number="{value:,.0f} found",
        scale=(0, 1),
        remedy="generate the sets again",
        weight=Weight.FAILS,
    ),
    "nearest_life_distance": Limits(
        "distance of the nearest life to a known life",
        0.3,
        0.25,
        "Root mean square difference of readings at the same fractions of life, relative to the "
        "difference of that known life to its nearest other one. All sets are judged. Fresh units "
        "and our sets of 55 seeds stay above 0.35; copies, copies stretched in time, and copies "
        "with 2 % noise stay below 0.1.",
        question="Are lives copies of known lives?",
        answers=("no", "some are close", "yes"),
        number="the nearest is {percent:.0f} % as far as another known life",
        scale=(0, 1.5),
        remedy="generate the sets again, without copies of known lives",
        weight=Weight.FAILS,
        more_is_better=True,
        reference=(1.0, "another known life"),
    ),
    "life_length_error": Limits(
        "error of life lengths (KS)",
        0.85,
        1.0,
        "Kolmogorov-Smirnov distance between synthetic and known life lengths, relative to the "
        "distance that 1 of 100 equally large sets of the same lives exceeds; 1 of 20 exceeds "
        "0.85. Few lives must differ much to be found. Known are the real units of the seed, those "
        "that have not failed too; for a simulated seed, the lives that the profile describes.",
        question="Are lives as long as the known ones?",
        answers=("yes", "roughly", "no"),
        number="{percent:.0f} % of the largest difference that chance explains",
        scale=(0, 2),
        remedy="correct the longest life in the profile, or train again on this seed",
        weight=Weight.FAILS,
    ),
    "failure_mode_chance": Limits(
        "chance of such failure modes",
        0.05,
        0.01,
        "How many of equally good sets differ as much: in the shares of the failure modes, or in "
        "lives whose last readings are those of another mode. Known are the shares of the profile "
        "for a simulated seed, else those of the seed.",
        question="Do lives end by the right failure modes?",
        answers=("yes", "roughly", "no"),
        number="{percent:.1f} % of equally good sets differ as much",
        scale=(0, 1),
        remedy="correct the modes' shares in the profile, or train again on this seed",
        weight=Weight.FAILS,
        more_is_better=True,
    ),
    "worth": Limits(
        "RUL error with synthetic lives / without",
        0.9,
        1.1,
        "Root mean square error of RUL forecasts for units that were not known, learnt from known "
        "and synthetic lives, divided by the error of the known lives alone. The "
        "limits are such that a good ratio is below 1 with its 95 % interval over these units, and "
        "a poor one above 1. If the seed is real, each known unit is left out once: of the train "
        "set and of the lives of a model without this unit, the larger error counts.",
        question="Does a RUL model learn more with these lives?",
        answers=("yes", "not shown", "no, less"),
        number="{value:.2f} times the error",
        scale=(0, 2),
        remedy="use the known lives alone, or give more of them",
        weight=Weight.FAILS,
        reference=(1.0, "known lives alone"),
    ),
    "unit_difference_error": Limits(
        "error of how units differ",
        0.95,
        1.0,
        "Units differ in several sensors together, and in these with their life length. Mean "
        "absolute difference of the correlations of new units' levels and life length, relative to "
        "the difference that 1 of 100 random divisions of all these lives exceeds; 1 of 20 exceeds "
        "0.95.",
        question="Do units differ from each other as known units do?",
        answers=("yes", "roughly", "no"),
        number="{percent:.0f} % of the largest difference that chance explains",
        scale=(0, 2),
        remedy=_MORE_UNITS,
        weight=Weight.CARE,
    ),
    "rows_c2st_auc": Limits(
        "classifier test on rows (AUC)",
        0.65,
        0.80,
        "How well boosted trees separate synthetic rows from seed rows, on units they were not "
        "trained on. 0.5 or less: not at all; independent columns reach 1. If the value to compare "
        "with is above 0.5, both limits are higher by as much.",
        question="Can a classifier separate synthetic rows from seed rows?",
        answers=("no", "partly", "yes"),
        number="AUC {value:.2f}",
        scale=(0, 1),
        remedy=_MORE_UNITS,
        reference=(GUESSING, "guessing"),
        old_name="rows_told_apart",
    ),
    "windows_c2st_auc": Limits(
        "classifier test on windows of 16 rows (AUC)",
        0.75,
        0.90,
        "The same for windows of consecutive rows, so the order of the rows counts. Shuffled rows "
        "reach 1. Not judged where the set's time step is more than twice the seed's, because "
        "larger steps alone make windows steeper.",
        question="Can a classifier separate stretches of 16 rows?",
        answers=("no", "partly", "yes"),
        number="AUC {value:.2f}",
        scale=(0, 1),
        remedy="more known units would help",
        reference=(GUESSING, "guessing"),
        old_name="windows_told_apart",
    ),
    "column_shapes": Limits(
        "fidelity of single columns (KS)",
        0.90,
        0.80,
        "Mean of 1 - Kolmogorov-Smirnov distance. Seeds have few units, so fresh units reach only "
        "0.95. Independent columns with the right distributions reach 0.65 to 0.7, because they "
        "lose the unit effects.",
        question="Do single sensors have the same distribution?",
        answers=("yes", "roughly", "no"),
        number="{value:.3f}, where 1 is equal",
        scale=(0.5, 1),
        remedy=_MORE_UNITS,
        more_is_better=True,
    ),
    "spearman_error": Limits(
        "error of rank correlations",
        0.06,
        0.15,
        "Mean absolute error over all pairs of RUL and sensors. Fresh units differ by 0.01 to "
        "0.04, independent columns by 0.3.",
        question="Do sensors move together in the same way?",
        answers=("yes", "roughly", "no"),
        number="correlations differ by {value:.3f} on average",
        scale=(0, 0.3),
        remedy=_MORE_UNITS,
    ),
    "held_out_error": Limits(
        "difference of validation and test set from the train set",
        1.0,
        1.2,
        "Mean absolute difference of the rank correlations of RUL and sensors, relative to the "
        "difference that 1 of 100 random divisions of the train set exceeds; larger one of both "
        "sets. The worth is that of the train set, so it excuses nothing here.",
        question="Do validation and test set follow the law of the train set?",
        answers=("yes", "roughly", "no"),
        number="{percent:.0f} % of the largest difference that chance explains",
        scale=(0, 3),
        remedy="generate the sets again",
        weight=Weight.FAILS,
    ),
    "relative_noise_autocorrelation_error": Limits(
        "autocorrelation error of the noise",
        0.50,
        0.80,
        "Error of the noise's autocorrelation, lags 1 to 10, relative to the error of the same "
        "rows shuffled; largest of the three sets. Fresh units have 0.1, and up to 0.45 where the "
        "noise has hardly any autocorrelation; shuffled rows have 1. Noise that is too smooth "
        "counts as well.",
        question="Does noise follow from row to row in the same way?",
        answers=("yes", "roughly", "no"),
        number="{percent:.0f} % of the error of shuffled rows",
        scale=(0, 1.2),
        remedy="more known units would help",
        reference=(1.0, "the same rows shuffled"),
        old_name="noise_order_lost",
    ),
    "range_coverage": Limits(
        "smallest covered share of a sensor's range",
        0.75,
        0.50,
        "A sensor that never comes near its failure value teaches nothing about failing. A unit "
        "of the seed may go further than others, so for a simulated seed the share is relative to "
        "that of fresh units.",
        question="Do synthetic readings reach as far as the seed's?",
        answers=("yes", "mostly", "no"),
        number="at least {percent:.0f} % of each sensor's range",
        scale=(0, 1),
        remedy="known units that ran until they failed would help",
        more_is_better=True,
    ),
    "nearest_neighbour_share": Limits(
        "share of rows closer to the seed than other units are",
        0.65,
        0.80,
        "0.5 is as close as real units are to each other; copies of the seed's rows reach 1. Lives "
        "of a few real units stay between these, so they differ less than new real units would; "
        "copied lives are found by their distance to known lives.",
        question="Are new units as different from the known ones as these are from each other?",
        answers=("yes", "a little less", "no"),
        number="{percent:.0f} % are closer to the seed than other units are",
        scale=(0, 1),
        remedy=_MORE_UNITS,
        weight=Weight.CARE,
        reference=(0.5, "other units of the seed"),
    ),
}
