"""One draw: all sides, measured on the same cuts of the same units."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from benchmarks.worth.draws import Draw, Known
from benchmarks.worth.learners import boosting, by_age, errors, rul_head
from benchmarks.worth.likeness.comparison import likeness
from benchmarks.worth.sides.augmentation import augmented
from benchmarks.worth.sides.block_bootstrap import block_bootstrap
from benchmarks.worth.sides.functional_pca import functional_pca
from benchmarks.worth.sides.par import par
from benchmarks.worth.sides.product import ours
from errors import InvalidInput, StageError
from GAN.prognosis.training_lives import joined

BY_AGE, KNOWN, OURS, OURS_TOO, PAR = "by age", "known", "ours", "ours + known", "SDV PAR"
#: Sides that make lives out of the known units and a random seed.
MAKERS: Mapping[str, Callable[[Known, int], pd.DataFrame]] = {
    "augmented": augmented,
    "functional PCA": functional_pca,
    "block bootstrap": block_bootstrap,
    OURS: ours,
    PAR: par,
}
SIDES = (BY_AGE, KNOWN, "augmented", "functional PCA", "block bootstrap", OURS, OURS_TOO)
BOOSTING, RUL_HEAD = "boosting", "RUL head"
LEARNERS: Mapping[str, Callable[[pd.DataFrame, Draw], Any]] = {
    BOOSTING: boosting,
    RUL_HEAD: rul_head,
}


def measured(draw: Draw, sides: Sequence[str], learners: Sequence[str]) -> dict[str, Any]:
    """The errors of each learner and the likeness, by side; always those of the known units.

    A side that refuses the known units has the reason under `refused` and no figures. If no profile
    fits the known units, the RUL head is not asked.
    """
    if not _has_profile(draw.known):
        learners = [name for name in learners if name != RUL_HEAD]
    found: dict[str, Any] = {KNOWN: _figures(draw.known.lives, draw, learners)}
    if BY_AGE in sides:
        found[BY_AGE] = dict.fromkeys(learners, errors(by_age(draw), draw))
    for side, make in MAKERS.items():
        alone, with_known = side in sides, side == OURS and OURS_TOO in sides
        if not alone and not with_known:
            continue
        began = time.perf_counter()
        try:
            lives = make(draw.known, draw.number)
        except (InvalidInput, StageError) as error:
            refusing = (side, OURS_TOO) if with_known else (side,)
            found |= {name: {"refused": str(error)} for name in refusing}
            continue
        seconds = time.perf_counter() - began
        if alone:
            found[side] = _figures(lives, draw, learners) | {"seconds": seconds}
        if with_known:
            found[OURS_TOO] = _figures(joined(draw.known.lives, lives), draw, learners)
    return {side: found[side] for side in dict.fromkeys((KNOWN, *sides))}


def _has_profile(known: Known) -> bool:
    try:
        return known.profile is not None
    except InvalidInput:
        return False


def _figures(lives: pd.DataFrame, draw: Draw, learners: Iterable[str]) -> dict[str, Any]:
    found: dict[str, Any] = {name: errors(LEARNERS[name](lives, draw), draw) for name in learners}
    return found | likeness(lives, draw.unseen) | {"units": int(lives["unit_id"].nunique())}
