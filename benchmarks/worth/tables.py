"""Markdown tables of a summary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.worth.measure import BY_AGE, KNOWN
from benchmarks.worth.summary import MEASURED

Entries = Sequence[Mapping[str, Any]]


def error_table(entries: Entries, learner: str, metric: str) -> Iterator[str]:
    """A row a set and number of known units, a column a side.

    Args:
        entries: Of `summary`.
        learner: Whose errors.
        metric: `rmse` or `mae`.
    """
    rows = [entry for entry in entries if entry["learner"] == learner]
    sides = [side for side in dict.fromkeys(entry["side"] for entry in rows) if side != KNOWN]
    yield f"| set | known | {KNOWN}, % of mean life | {' | '.join(sides)} |"
    yield "|---" * (len(sides) + 3) + "|"
    for (name, known), found in _cases(rows).items():
        base = found[KNOWN].get(metric)
        shown = " | ".join(_ratio(found.get(side), metric) for side in sides)
        yield f"| {name} | {known} | {'' if base is None else f'{base:.1f}'} | {shown} |"


def _ratio(entry: Mapping[str, Any] | None, metric: str) -> str:
    if entry is None:
        return "–"
    found = entry[f"{metric}_ratio"]
    text = f"{found['ratio']:.2f}"
    if "low" in found:
        text += f" ({found['low']:.2f}–{found['high']:.2f})"
    if entry.get("refused"):
        text += f", {entry['refused']} refused"
    return text


def likeness_table(
    entries: Entries, learner: str, halves: Mapping[str, Mapping[str, float]]
) -> Iterator[str]:
    """KS distance of life lengths / AUC of windows, next to those of two halves of the set."""
    rows = [entry for entry in entries if entry["learner"] == learner and entry["set"] != MEASURED]
    sides = [side for side in dict.fromkeys(entry["side"] for entry in rows) if side != BY_AGE]
    yield f"| set | known | two halves of the set | {' | '.join(sides)} |"
    yield "|---" * (len(sides) + 3) + "|"
    for (name, known), found in _cases(rows).items():
        shown = " | ".join(_likeness(found.get(side)) for side in sides)
        yield f"| {name} | {known} | {_likeness(halves[name])} | {shown} |"


def _likeness(found: Mapping[str, Any] | None) -> str:
    if found is None or found["lives_ks"] is None or found["windows_auc"] is None:
        return "–"
    return f"{found['lives_ks']:.2f} / {found['windows_auc']:.2f}"


def agreement_sentence(found: Mapping[str, float]) -> str:
    """What `agreement` found."""
    return (
        f"Both learners put a side on the same side of the known units in {found['same']:.0%} of "
        f"{found['pairs']:.0f} draws and sides; by chance {found['by_chance']:.0%}. Their ratios "
        f"have a rank correlation of {found['rank_correlation']:.2f}."
    )


def _cases(rows: Entries) -> dict[tuple[str, int], dict[str, Mapping[str, Any]]]:
    found: dict[tuple[str, int], dict[str, Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault((row["set"], row["known"]), {})[row["side"]] = row
    return found
