"""Reading untrusted files: real run-to-failure data and the mapping of their columns."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from errors import InvalidInput, Problem
from GAN.config.units import UNITS, nearest_unit
from GAN.profiles.parsing import Unreadable, decode, pointed, read_json, read_yaml, shown
from GAN.profiles.sensor import NAME_PATTERN

if TYPE_CHECKING:
    import pandas as pd

MAX_FILE_ROWS = 1_000_000
MAX_FILE_COLUMNS = 1_000
MAX_MAPPING_BYTES = 1_000_000

#: Readers of a mapping by file suffix.
_MAPPING_READERS = {".json": read_json, ".yaml": read_yaml, ".yml": read_yaml}


@dataclass(frozen=True)
class ColumnMapping:
    """A user's description of a file's columns.

    Attributes:
        columns: Column of the file by sensor name or role (`unit_id`, ...).
        units: Unit by sensor name, where the user gives one.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)


def read_runs(path: Path) -> pd.DataFrame:
    """Read the table in a .csv or .parquet file, with its own column names.

    Raises:
        InvalidInput: The file cannot be read, is too large, or has unnamed or duplicate columns.
    """
    readers = {".csv": _read_csv, ".parquet": _read_parquet}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        what = f"'{path.suffix}' is not a data format" if path.suffix else "the name has no suffix"
        raise _refused(path, what, f"give a {' or '.join(readers)} file")
    try:
        frame = reader(path)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise _refused(path, f"cannot be read: {reason}", "check the path") from None
    frame.columns = [str(column).strip() for column in frame.columns]
    problems = list(_table_problems(frame))
    if problems:
        raise InvalidInput(str(path), problems)
    return frame


def read_mapping(path: Path) -> ColumnMapping:
    """Read a mapping from a .json, .yaml or .yml file: `sensor: column`, or with a unit.

    Raises:
        InvalidInput: With every problem of the file.
    """
    reader = _MAPPING_READERS.get(path.suffix.lower())
    if reader is None:
        advice = f"name it {', '.join(_MAPPING_READERS)}"
        raise _refused(path, f"'{path.suffix}' is not a mapping format", advice)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_MAPPING_BYTES + 1)
    except OSError as error:
        raise _refused(path, f"cannot be read: {error.strerror}", "check the path") from None
    if len(data) > MAX_MAPPING_BYTES:
        raise _refused(path, "over 1 MB", "a mapping has a line for each sensor")
    try:
        raw, problems = reader(decode(data))
    except Unreadable as error:
        raise InvalidInput(str(path), error.problems) from None
    mapping, more = _mapping(raw)
    if problems or more:
        raise InvalidInput(str(path), [*problems, *more])
    return mapping


def _mapping(raw: Any) -> tuple[ColumnMapping, list[Problem]]:
    if not isinstance(raw, dict) or not raw:
        advice = "write a line for each sensor, such as vibration_velocity: s4"
        return ColumnMapping(), [Problem("", "not a mapping", advice)]
    columns: dict[str, str] = {}
    units: dict[str, str] = {}
    problems: list[Problem] = []
    for name, entry in raw.items():
        place = pointed([name if isinstance(name, str) else shown(name)])
        if not isinstance(name, str) or not re.fullmatch(NAME_PATTERN, name):
            advice = "use the sensor's name: lower-case letters, digits and single underscores"
            problems.append(Problem(place, f"{shown(name)} is not a valid name", advice))
            continue
        given = entry if isinstance(entry, dict) else {"column": entry}
        column, unit = given.get("column"), given.get("unit")
        if not isinstance(column, str | int) or set(given) - {"column", "unit"}:
            advice = "write the column's name, or {column: NAME, unit: UNIT}"
            problems.append(Problem(place, f"{shown(entry)} is not a column", advice))
        else:
            columns[name] = str(column).strip()
        if unit is not None and unit not in UNITS:
            advice = f"write {nearest_unit(str(unit))}"
            problems.append(Problem(f"{place}.unit", f"unknown unit {shown(unit)}", advice))
        elif unit is not None:
            units[name] = unit
    return ColumnMapping(columns, units), problems


def _read_csv(path: Path) -> pd.DataFrame:
    import pandas as pd

    with path.open("rb") as file:
        head = file.read(65_536).decode("utf-8-sig", errors="replace").splitlines()
    first = head[0] if head else ""
    separator = max(",;\t", key=first.count)
    # With semicolons as separators, a comma may be the decimal point.
    decimal = "," if separator == ";" and any(re.search(r"\d,\d", row) for row in head[1:]) else "."
    try:
        frame: pd.DataFrame = pd.read_csv(
            path,
            sep=separator,
            decimal=decimal,
            encoding="utf-8-sig",
            nrows=MAX_FILE_ROWS + 1,
            skipinitialspace=True,
            low_memory=False,
            index_col=False,
        )
    except UnicodeDecodeError as error:
        raise _refused(path, f"not UTF-8 at byte {error.start}", "save it as UTF-8 text") from None
    except pd.errors.EmptyDataError:
        raise _refused(path, "empty", "give a header line and rows") from None
    except (pd.errors.ParserError, ValueError) as error:
        reason = str(error).strip().split("\n")[-1]
        raise _refused(path, f"broken CSV: {reason}", "each line has one value a column") from None
    return frame


def _read_parquet(path: Path) -> pd.DataFrame:
    import pyarrow.parquet as pq
    from pyarrow import ArrowException

    try:
        with pq.ParquetFile(path) as file:
            rows = file.metadata.num_rows
            if rows > MAX_FILE_ROWS:
                raise _refused(path, f"{rows:,} rows", f"give at most {MAX_FILE_ROWS:,}")
            # Without pandas' metadata, which may move a column into the index.
            frame: pd.DataFrame = file.read().to_pandas(ignore_metadata=True)
    except ArrowException as error:
        reason = str(error).split("\n")[0]
        raise _refused(path, f"broken Parquet: {reason}", "write the file again") from None
    return frame


def _table_problems(frame: pd.DataFrame) -> list[Problem]:
    problems = []
    if len(frame) > MAX_FILE_ROWS:
        advice = "take every second row, or fewer units"
        problems.append(Problem("", f"over {MAX_FILE_ROWS:,} rows", advice))
    if len(frame.columns) > MAX_FILE_COLUMNS:
        advice = f"keep at most {MAX_FILE_COLUMNS:,}"
        problems.append(Problem("", f"{len(frame.columns):,} columns", advice))
    if all(re.fullmatch(r"[-+.\deE]+", column) for column in frame.columns):
        what = "the first line holds numbers"
        problems.append(Problem("", what, "put a line with the columns' names first"))
    for column, count in Counter(frame.columns).items():
        if count > 1:
            problems.append(
                Problem(f"column {column!r}", f"occurs {count} times", "give each its own name")
            )
    return problems


def _refused(path: Path, message: str, advice: str) -> InvalidInput:
    return InvalidInput(str(path), [Problem("", message, advice)])
