"""Measures all draws, in several processes if wanted, and keeps what it has measured."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from benchmarks.worth.draws import FEWEST_ASKED, drawn
from benchmarks.worth.measure import LEARNERS, PAR, RUL_HEAD, SIDES, measured

#: The RUL head takes five times as long as boosting, so only so many draws ask it.
HEAD_DRAWS = 5
#: PAR takes minutes, so it is measured with this number of known units only.
PAR_KNOWN = 10

Frames = Mapping[str, pd.DataFrame]


class Case(NamedTuple):
    """One draw: the set, the number of known units, and the number of the draw."""

    set: str
    known: int
    draw: int


@dataclass(frozen=True)
class Plan:
    """What to measure.

    Attributes:
        known: Numbers of known units.
        draws: Draws of each set and number of known units.
        sides: Names of sides.
        learners: Names of learners.
        processes: Number of processes.
        kept: Draws are added to this file; those in it are not measured again.
    """

    known: Sequence[int]
    draws: int
    sides: Sequence[str] = SIDES
    learners: Sequence[str] = tuple(LEARNERS)
    processes: int = 1
    kept: Path | None = None

    def cases(self, frames: Frames) -> list[Case]:
        """All draws; sets with too few other units are left out."""
        return [
            Case(name, count, number)
            for number in range(self.draws)
            for name, frame in frames.items()
            for count in self.known
            if frame["unit_id"].nunique() - count >= FEWEST_ASKED
        ]

    def sides_of(self, case: Case) -> list[str]:
        """Sides that are measured in a draw."""
        return [side for side in self.sides if side != PAR or case.known == PAR_KNOWN]

    def learners_of(self, case: Case) -> list[str]:
        """Learners that are asked in a draw."""
        return [name for name in self.learners if name != RUL_HEAD or case.draw < HEAD_DRAWS]


def measured_draws(frames: Frames, plan: Plan) -> list[dict[str, Any]]:
    """Measure what the kept file lacks, and print the progress.

    Returns:
        A draw each: `set`, `known`, `draw` (its number), and `sides` as `measured` returns them.
    """
    found, cases = _kept(plan.kept), plan.cases(frames)
    left = [
        (case, missing)
        for case in cases
        if (missing := [side for side in plan.sides_of(case) if side not in found.get(case, {})])
    ]
    for case, sides in _measured(frames, plan, left):
        found.setdefault(case, {}).update(sides)
    return [{**case._asdict(), "sides": found[case]} for case in cases]


def _kept(file: Path | None) -> dict[Case, dict[str, Any]]:
    """The sides of draws that earlier runs have measured."""
    found: dict[Case, dict[str, Any]] = {}
    if file is not None and file.exists():
        for one in map(json.loads, file.read_text(encoding="utf-8").splitlines()):
            case = Case(one["set"], one["known"], one["draw"])
            found.setdefault(case, {}).update(one["sides"])
    return found


def _measured(
    frames: Frames, plan: Plan, left: Sequence[tuple[Case, list[str]]]
) -> Iterator[tuple[Case, dict[str, Any]]]:
    began = time.perf_counter()
    with ProcessPoolExecutor(plan.processes) as pool:
        results = pool.map(partial(_measure, frames, plan), left)
        for position, ((case, _), sides) in enumerate(zip(left, results, strict=True), 1):
            if plan.kept:
                with plan.kept.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({**case._asdict(), "sides": sides}) + "\n")
            to_go = (time.perf_counter() - began) / position * (len(left) - position) / 60.0
            what = f"{position} of {len(left)}: {case.set}, {case.known} known"
            print(f"{what}; {to_go:.0f} min left", flush=True)  # noqa: T201
            yield case, sides


def _measure(frames: Frames, plan: Plan, one: tuple[Case, list[str]]) -> dict[str, Any]:
    case, sides = one
    draw = drawn(frames[case.set], case.known, case.draw)
    return measured(draw, sides, plan.learners_of(case))
