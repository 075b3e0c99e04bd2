"""Lives in real run-to-failure data: rows and RUL of each unit, and whether it failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from errors import Problem
from GAN.importing.columns import flags
from GAN.importing.values import Floats, Mask, complete, hours

if TYPE_CHECKING:
    import pandas as pd

Indices = NDArray[np.intp]

#: Tolerance of the last RUL of a failed unit, relative to one time step, for rounding in the file.
_SLACK = 1.01


@dataclass(frozen=True)
class RunLives:
    """The lives in a file. Arrays are by row of the file or by unit; units are sorted by label.

    Attributes:
        labels: The file's name of each unit.
        codes: Unit of each row.
        order: Rows by unit, then time.
        rows: Number of rows of each unit.
        last_rows: Last row of each unit.
        failed: Whether each unit ran to failure; the others are censored.
        lived: Hours since the unit's first row, for each row.
        left: RUL of each row, hours; NaN for a censored unit of unknown RUL.
        rul: RUL as in the file, if it has any.
    """

    labels: tuple[str, ...]
    codes: Indices
    order: Indices
    rows: Indices
    last_rows: Indices
    failed: Mask
    lived: Floats
    left: Floats
    rul: Floats | None

    @property
    def kept(self) -> Mask:
        """Units whose RUL is known."""
        return self.failed if self.rul is None else np.ones_like(self.failed)


def read_lives(
    frame: pd.DataFrame, roles: Mapping[str, str], problems: list[Problem]
) -> RunLives | None:
    """Read the lives of a file, if every row has its unit, time and RUL.

    Adds problems to `problems`. Lives with problems are only used for further checks.
    """
    import pandas as pd

    time = rul = None
    if "cycle_hour" in roles:
        time, found = hours(frame[roles["cycle_hour"]], f"column {roles['cycle_hour']!r}")
        problems += found
    if "rul_hours" in roles:
        rul, found = complete(frame[roles["rul_hours"]], f"column {roles['rul_hours']!r}")
        problems += [*found, *_negative(rul, roles["rul_hours"])]
    if "unit_id" not in roles or not len(frame):
        return None
    units = frame[roles["unit_id"]]
    if units.isna().any():
        row = int(units.isna().to_numpy().argmax()) + 1
        what = f"missing in {int(units.isna().sum()):,} rows, first in row {row:,}"
        path = f"column {roles['unit_id']!r}"
        problems.append(Problem(path, what, "each row needs its unit"))
    if time is None or units.isna().any() or np.isnan(time).any():
        return None
    if rul is not None and np.isnan(rul).any():
        return None
    if not pd.api.types.is_numeric_dtype(units):
        units = units.astype(str).str.strip()
    codes, found_units = pd.factorize(units, sort=True)
    labels = tuple(_label(unit) for unit in found_units)
    order = np.argsort(codes, kind="stable")
    rows = np.bincount(codes)
    ends = np.cumsum(rows)
    last_rows = order[ends - 1]
    problems += _time_problems(time, codes, order, labels, roles["cycle_hour"])
    if rul is not None:
        problems += _rising_rul(rul, codes, order, labels, roles["rul_hours"])
    first_time, last_time = time[order[ends - rows]], time[last_rows]
    failed = _failed(frame, roles, time, rul, order, rows, ends, labels, problems)
    if rul is None:
        left = np.where(failed[codes], last_time[codes] - time, np.nan)
    else:
        # The RUL of a failed unit ends at 0, even if the file counts down to 1.
        left = rul - np.where(failed, rul[last_rows], 0.0)[codes]
    return RunLives(
        labels=labels,
        codes=codes,
        order=order,
        rows=rows,
        last_rows=last_rows,
        failed=failed,
        lived=time - first_time[codes],
        left=left,
        rul=rul,
    )


def _label(unit: object) -> str:
    return f"{unit:g}" if isinstance(unit, float) else str(unit)[:60]


def _failed(
    frame: pd.DataFrame,
    roles: Mapping[str, str],
    time: Floats,
    rul: Floats | None,
    order: Indices,
    rows: Indices,
    ends: Indices,
    labels: tuple[str, ...],
    problems: list[Problem],
) -> Mask:
    """Units that ran to failure: from a flag column, else those whose RUL reaches 0."""
    last = order[ends - 1]
    by_rul = None
    if rul is not None:
        # A unit with a single row has no time step, so its RUL must be 0.
        step = np.where(rows > 1, time[last] - time[order[np.maximum(ends - 2, 0)]], 0.0)
        by_rul = rul[last] <= np.abs(step) * _SLACK
    for role in ("failed", "censored"):
        if role in roles:
            flag = flags(frame[roles[role]])
            path = f"column {roles[role]!r}"
            if flag is None:
                advice = "write true or false; if it is something else: --censored-column none"
                problems.append(Problem(path, "has values other than yes and no", advice))
                continue
            failed: Mask = flag.to_numpy(dtype=bool)[last] == (role == "failed")
            if by_rul is not None and (failed & ~by_rul).any():
                unit = int(np.argmax(failed & ~by_rul))
                what = f"says that unit {labels[unit]} failed, but its RUL does not reach 0"
                problems.append(Problem(path, what, "correct one of the two"))
            return failed
    return np.ones(len(labels), dtype=bool) if by_rul is None else by_rul


def _negative(rul: Floats, column: str) -> Iterator[Problem]:
    below = rul < 0
    if below.any():
        row = int(np.argmax(below))
        what = f"negative in {int(below.sum()):,} rows, first {rul[row]:g} in row {row + 1:,}"
        yield Problem(f"column {column!r}", what, "RUL ends at 0, at failure")


def _time_problems(
    time: Floats, codes: Indices, order: Indices, labels: tuple[str, ...], column: str
) -> Iterator[Problem]:
    step = np.diff(time[order])
    same = np.diff(codes[order]) == 0
    for wrong, what, advice in (
        (same & (step < 0), "goes back", "sort the rows of each unit by time"),
        (same & (step == 0), "does not advance", "give each unit one row per time"),
    ):
        if wrong.any():
            at = int(np.argmax(wrong))
            row = int(order[at + 1])
            units = len(np.unique(codes[order][1:][wrong]))
            yield Problem(
                f"column {column!r}",
                f"time {what} in {units:,} of {len(labels):,} units, first in unit "
                f"{labels[codes[row]]} at row {row + 1:,}",
                f"{advice}, or name another --time-column or --unit-column",
            )


def _rising_rul(
    rul: Floats, codes: Indices, order: Indices, labels: tuple[str, ...], column: str
) -> Iterator[Problem]:
    rises = (np.diff(codes[order]) == 0) & (np.diff(rul[order]) > 0)
    if rises.any():
        row = int(order[int(np.argmax(rises)) + 1])
        yield Problem(
            f"column {column!r}",
            f"rises with time, first in unit {labels[codes[row]]} at row {row + 1:,}",
            "RUL falls to 0, at failure; leave it out with --rul-column none",
        )
