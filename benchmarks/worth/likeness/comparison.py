"""How like unseen units the lives of a side are, next to two halves of the real units."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks.worth.likeness.judges import JUDGES, Judge, boosting
from benchmarks.worth.likeness.windows import Windows, windows_of
from benchmarks.worth.lives import lengths
from GAN.prognosis.condition.sensors import Floats

#: Windows of each life that boosting judges when the worth of lives is measured too.
OF_A_LIFE = 10


class Verdict(NamedTuple):
    """How well a judge separates; not at all: 0.5 and 0.

    Attributes:
        auc: Area under the ROC curve.
        discriminative: Distance of the accuracy from 0.5, the discriminative score of Yoon et al.,
            Time-series Generative Adversarial Networks, NeurIPS 2019; both origins count the same.
    """

    auc: float
    discriminative: float


def likeness(lives: pd.DataFrame, unseen: pd.DataFrame) -> dict[str, float]:
    """KS distance of life lengths, and AUC of boosting's judgement; 0 and 0.5 are perfect."""
    from scipy.stats import ks_2samp

    apart = float(ks_2samp(lengths(lives), lengths(unseen)).statistic)
    windows = windows_of(lives, OF_A_LIFE, 1), windows_of(unseen, OF_A_LIFE, 2)
    return {"lives_ks": apart, "windows_auc": verdict(boosting, *windows).auc}


def verdicts(lives: pd.DataFrame, unseen: pd.DataFrame, of_a_life: int) -> dict[str, Verdict]:
    """What each judge says of the same windows."""
    windows = windows_of(lives, of_a_life, 1), windows_of(unseen, of_a_life, 2)
    return {name: verdict(judge, *windows) for name, judge in JUDGES.items()}


def halves_of(frame: pd.DataFrame, number: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The real units in two halves, drawn at random: their likeness is the null."""
    ids = np.random.default_rng(number).permutation(frame["unit_id"].unique())
    first = frame["unit_id"].isin(ids[: len(ids) // 2])
    return frame[first], frame[~first]


def verdict(judge: Judge, synthetic: Windows, real: Windows) -> Verdict:
    """Of a judge that is asked about units that it has not seen, two folds."""
    from sklearn.metrics import balanced_accuracy_score, roc_auc_score

    windows = np.concatenate([synthetic.readings, real.readings])
    fold = np.concatenate([synthetic.unit, real.unit]) % 2
    origin = np.repeat([0, 1], [len(synthetic.unit), len(real.unit)])
    areas, accuracies = [], []
    for held_out in (0, 1):
        learnt, asked = fold != held_out, fold == held_out
        if min(len(np.unique(origin[part])) for part in (learnt, asked)) < 2:
            continue
        sure: Floats = judge(windows[learnt], origin[learnt], windows[asked])
        areas.append(roc_auc_score(origin[asked], sure))
        accuracies.append(balanced_accuracy_score(origin[asked], sure > 0.5))
    if not areas:
        return Verdict(float("nan"), float("nan"))
    return Verdict(float(np.mean(areas)), abs(float(np.mean(accuracies)) - 0.5))
