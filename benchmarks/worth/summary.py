"""Ratios of errors to those of the known units alone, with intervals over the draws."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from scipy import stats

from benchmarks.worth.measure import BY_AGE, KNOWN, LEARNERS
from benchmarks.worth.sets import CELLS

METRICS = ("rmse", "mae")
LIKENESS = ("lives_ks", "windows_auc")
#: The mean over all sets of measured cells.
MEASURED = "measured, mean"


def ratio(logs: Sequence[float]) -> dict[str, float]:
    """Geometric mean of ratios with its 95 % t interval, which needs two or more.

    Args:
        logs: Logarithms of the ratios, one a draw.
    """
    middle = float(np.mean(logs))
    found = {"ratio": math.exp(middle), "draws": float(len(logs))}
    if len(logs) > 1:
        half = float(stats.t.ppf(0.975, len(logs) - 1) * stats.sem(logs))
        found |= {"low": math.exp(middle - half), "high": math.exp(middle + half)}
    return found


def summary(draws: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One entry for each set, number of known units, learner and side, then means of sets.

    Args:
        draws: `set`, `known`, `draw` (its number), and `sides` as `measured` returns them.
    """
    ordered = sorted(draws, key=_case)
    cells = sorted(
        (each for each in ordered if each["set"] in CELLS), key=lambda each: each["known"]
    )
    return [
        *(entry for _, group in groupby(ordered, key=_case) for entry in _of_set(list(group))),
        *(
            entry
            for _, group in groupby(cells, key=lambda each: each["known"])
            for entry in _of_all(list(group))
        ),
    ]


def agreement(draws: Iterable[Mapping[str, Any]]) -> dict[str, float] | None:
    """Whether both learners agree on which generated lives are better than the known units.

    Args:
        draws: Those of `summary`.

    Returns:
        `pairs` of RMSE ratios of one side in one draw, the share of them with the `same` sign, that
        share `by_chance` if the signs of the learners were independent, and the
        `rank_correlation` of the ratios; None with fewer than three pairs.
    """
    pairs = [
        [one[learner]["rmse"] / draw["sides"][KNOWN][learner]["rmse"] for learner in LEARNERS]
        for draw in draws
        for side, one in draw["sides"].items()
        if side not in (KNOWN, BY_AGE)
        and all(learner in one and learner in draw["sides"][KNOWN] for learner in LEARNERS)
    ]
    if len(pairs) < 3:
        return None
    ratios = np.array(pairs)
    worse = ratios > 1.0
    share = worse.mean(axis=0)
    return {
        "pairs": float(len(pairs)),
        "same": float((worse[:, 0] == worse[:, 1]).mean()),
        "by_chance": float(share.prod() + (1.0 - share).prod()),
        "rank_correlation": float(stats.spearmanr(ratios[:, 0], ratios[:, 1]).statistic),
    }


def _case(draw: Mapping[str, Any]) -> tuple[str, int]:
    return draw["set"], draw["known"]


def _of_set(draws: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for learner in LEARNERS:
        for side in _sides(draws):
            logs = _logs(draws, learner, side)
            if not logs["rmse"]:
                continue
            entry: dict[str, Any] = {"learner": learner, "side": side}
            entry |= {"set": draws[0]["set"], "known": draws[0]["known"]}
            sides = [draw["sides"].get(side, {}) for draw in draws]
            entry["refused"] = sum("refused" in one for one in sides)
            judged = [one for one in sides if learner in one]
            for metric in METRICS:
                entry[metric] = float(np.mean([one[learner][metric] for one in judged]))
                entry[f"{metric}_ratio"] = ratio([log for _, log in logs[metric]])
            for metric in LIKENESS:
                figures = [one[metric] for one in judged if np.isfinite(one.get(metric, np.nan))]
                entry[metric] = float(np.mean(figures)) if figures else None
            yield entry


def _of_all(draws: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Draws of several sets with one number are one draw: the mean of their logarithms counts."""
    for learner in LEARNERS:
        for side in _sides(draws):
            logs = _logs(draws, learner, side)
            if not logs["rmse"]:
                continue
            entry: dict[str, Any] = {"learner": learner, "side": side}
            entry |= {"set": MEASURED, "known": draws[0]["known"]}
            for metric in METRICS:
                by_draw: dict[int, list[float]] = {}
                for number, log in logs[metric]:
                    by_draw.setdefault(number, []).append(log)
                entry[f"{metric}_ratio"] = ratio(
                    [float(np.mean(each)) for each in by_draw.values()]
                )
            yield entry


def _sides(draws: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(side for draw in draws for side in draw["sides"]))


def _logs(
    draws: Sequence[Mapping[str, Any]], learner: str, side: str
) -> dict[str, list[tuple[int, float]]]:
    """Number of each draw with the logarithm of its ratio, by metric."""
    found: dict[str, list[tuple[int, float]]] = {metric: [] for metric in METRICS}
    for draw in draws:
        one, base = draw["sides"].get(side, {}), draw["sides"][KNOWN]
        if learner in one and learner in base:
            for metric, logs in found.items():
                quotient = one[learner][metric] / base[learner][metric]
                logs.append((draw["draw"], math.log(quotient)))
    return found
