"""Convert the columns of a file to numbers (readings, times, RUL), and report problems."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from errors import Problem
from GAN.profiles.parsing import shown
from GAN.profiles.sensor import LARGEST

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Share of a sensor's readings that may be missing.
MOST_MISSING = 0.2

_SECONDS_PER_HOUR = 3600.0


class Numbers(NamedTuple):
    """A column as numbers, NaN where a number is missing, and its problems."""

    values: Floats
    problems: list[Problem]


def readings(column: pd.Series[Any], path: str, most_missing: float = MOST_MISSING) -> Numbers:
    """Convert a sensor's readings; at most this share may be missing."""
    values, wrong = _as_numbers(column)
    problems = list(_text_problems(column, wrong, path))
    problems += _size_problems(values, path)
    missing = float(np.mean(np.isnan(values) & ~wrong)) if len(values) else 0.0
    if missing > most_missing:
        what = f"{missing:.0%} of the readings are missing"
        advice = f"at most {most_missing:.0%} can be filled in; repair the column or leave it out"
        problems.append(Problem(path, what, advice))
    return Numbers(values, problems)


def complete(column: pd.Series[Any], path: str) -> Numbers:
    """Convert a column that needs a number in each row."""
    values, wrong = _as_numbers(column)
    problems = list(_text_problems(column, wrong, path))
    problems += _size_problems(values, path)
    problems += _gaps(np.isnan(values) & ~wrong, path)
    return Numbers(values, problems)


def hours(column: pd.Series[Any], path: str) -> Numbers:
    """Convert times to hours: numbers unchanged, dates since the earliest date."""
    import pandas as pd

    if not _are_dates(column):
        return complete(column, path)
    text = not pd.api.types.is_datetime64_any_dtype(column)
    format_ = "ISO8601" if text else None
    dates = pd.to_datetime(column, errors="coerce", utc=True, format=format_)
    wrong = (dates.isna() & column.notna()).to_numpy()
    problems = list(_text_problems(column, wrong, path, "dates", "2026-01-31 12:00:00"))
    problems += _gaps(column.isna().to_numpy(), path)
    since = (dates - dates.min()).dt.total_seconds().to_numpy(dtype=np.float64)
    return Numbers(np.asarray(since / _SECONDS_PER_HOUR), problems)


def _are_dates(column: pd.Series[Any]) -> bool:
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(column):
        return True
    if pd.api.types.is_numeric_dtype(column):
        return False
    head = column.dropna().astype(str).head(100)
    numbers = pd.to_numeric(head, errors="coerce").notna().sum()
    dates = pd.to_datetime(head, errors="coerce", utc=True, format="ISO8601").notna().sum()
    return bool(dates > numbers)


def _as_numbers(column: pd.Series[Any]) -> tuple[Floats, Mask]:
    """The numbers of a column, and a mask of values that are not numbers."""
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(column):
        return np.full(len(column), np.nan), column.notna().to_numpy()
    if pd.api.types.is_numeric_dtype(column):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        return values, np.zeros(len(values), dtype=bool)
    numbers = pd.to_numeric(column.astype(object), errors="coerce")
    empty = column.isna() | column.astype(str).str.strip().eq("")
    wrong = (numbers.isna() & ~empty).to_numpy()
    return numbers.to_numpy(dtype=np.float64), wrong


def _text_problems(
    column: pd.Series[Any],
    wrong: Mask,
    path: str,
    wanted: str = "numbers",
    such_as: str = "12.5",
) -> Iterator[Problem]:
    if wrong.any():
        row = int(np.argmax(wrong))
        yield Problem(
            path,
            f"no {wanted} in {int(wrong.sum()):,} of {len(column):,} rows, first "
            f"{shown(column.iloc[row])} in row {row + 1:,}",
            f"write {wanted} such as {such_as}, and nothing where there is none",
        )


def _size_problems(values: Floats, path: str) -> Iterator[Problem]:
    large = np.abs(values) > LARGEST  # Includes infinite values, but not NaN.
    if large.any():
        row = int(np.argmax(large))
        yield Problem(
            path,
            f"infinite or beyond {LARGEST:g} in {int(large.sum()):,} rows, first row {row + 1:,}",
            "write nothing where there is no reading",
        )


def _gaps(missing: Mask, path: str) -> Iterator[Problem]:
    if missing.any():
        row = int(np.argmax(missing))
        what = f"missing in {int(missing.sum()):,} rows, first in row {row + 1:,}"
        yield Problem(path, what, "each row needs it")
