"""Failure modes of the units in real run-to-failure data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from errors import Problem
from GAN.importing.columns import plain_name
from GAN.importing.units import RunLives
from GAN.profiles.profile import MAX_FAILURE_MODES, MachineProfile
from GAN.profiles.sensor import NAME_PATTERN

if TYPE_CHECKING:
    import pandas as pd

#: The failure mode of a machine if neither a profile nor a column names one.
ONLY_MODE = "failure"


def unit_modes(
    frame: pd.DataFrame,
    roles: Mapping[str, str],
    lives: RunLives | None,
    profile: MachineProfile | None,
    failure_mode: str | None,
    problems: list[Problem],
) -> list[str] | None:
    """The failure mode of each unit; empty for a censored unit whose mode is unknown.

    Adds problems to `problems`. None if the lives are unknown or the modes have a problem.
    """
    known = None if profile is None else [mode.name for mode in profile.failure_modes]
    column = roles.get("failure_mode")
    if failure_mode is None and column is None:
        if known is not None and len(known) > 1:
            advice = "write --failure-mode NAME for all units, or --mode-column"
            what = f"the machine fails by {', '.join(known)}, and no column says which"
            problems.append(Problem("failure_mode", what, advice))
            return None
        failure_mode = ONLY_MODE if known is None else known[0]
    if failure_mode is not None:
        problems += _mode_problems([failure_mode], known, "--failure-mode")
        return None if lives is None else [failure_mode] * len(lives.labels)
    if lives is None or column is None:
        return None
    named = frame[column].iloc[lives.last_rows]
    modes = ["" if value != value or value is None else _mode_name(value) for value in named]
    of_failed = sorted({mode for mode, failed in zip(modes, lives.failed, strict=True) if failed})
    if "" in of_failed:
        which = [
            one
            for one, mode, failed in zip(lives.labels, modes, lives.failed, strict=True)
            if failed and not mode
        ]
        what = f"missing in the last row of {len(which)} units that fail, first {which[0]}"
        problems.append(Problem(f"column {column!r}", what, "name it there"))
    problems += _mode_problems([mode for mode in of_failed if mode], known, f"column {column!r}")
    only = of_failed[0] if len(of_failed) == 1 else ""
    return [mode if mode in of_failed else only for mode in modes]


def _mode_name(value: object) -> str:
    whole = isinstance(value, float) and value.is_integer()
    name = plain_name(str(int(value) if whole else value))  # type: ignore[call-overload]
    return name if not name or name[0].isalpha() else f"mode_{name}"


def _mode_problems(
    modes: Sequence[str], known: Sequence[str] | None, place: str
) -> Iterator[Problem]:
    if known is not None:
        strange = [mode for mode in modes if mode not in known]
        if strange:
            what = f"the machine has no failure mode {', '.join(strange[:10])}"
            advice = f"it has {', '.join(known)}"
            if place != "--failure-mode":
                advice += "; if the column is something else: --mode-column none"
            yield Problem(place, what, advice)
        return
    for mode in modes:
        if not re.fullmatch(NAME_PATTERN, mode) or len(mode) > 60:
            advice = "use lower-case letters, digits and single underscores, a letter first"
            yield Problem(place, f"{mode[:60]!r} is not a valid name of a failure mode", advice)
    if len(modes) > MAX_FAILURE_MODES:
        what = f"{len(modes)} failure modes"
        advice = f"give at most {MAX_FAILURE_MODES}, or --mode-column none"
        yield Problem(place, what, advice)
