"""Readings as they come: rows from JSON, NDJSON, CSV or Parquet, not yet checked."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from errors import InvalidInput, Problem
from GAN.config.limits import MAX_BATCH_ROWS

#: The unit of a row that names none.
ONLY_UNIT = "1"

#: Columns of a table that are no sensors.
MACHINE_COLUMNS = ("machine", "machine_id")
UNIT_COLUMNS = ("unit", "unit_id")
TIME_COLUMNS = ("at", "time", "timestamp")

#: Bounds of a Parquet body once it is unpacked, and how many rows are unpacked at once.
_MOST_COLUMNS, _MOST_PARQUET_BYTES, _PARQUET_ROWS = 1_000, 64_000_000, 256

_FIELDS = ("machine", "unit", "at", "readings")


@dataclass(frozen=True, slots=True)
class SentRow:
    """One row of readings as it was sent.

    Attributes:
        place: Where it is in the input, such as `readings[3]` or `row 4`.
        machine: Id of its machine; None if the row names none.
        at: RFC 3339 text, or milliseconds since 1970.
        values: Reading by sensor.
    """

    place: str
    machine: str | None
    unit: str
    at: object
    values: Mapping[str, object]


@dataclass(frozen=True)
class SentBatch:
    """Rows of readings.

    Attributes:
        units: Unit of measurement by sensor, where it is not the profile's.
        problems: Rows that could not be read.
    """

    rows: list[SentRow]
    units: Mapping[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read_batch(data: bytes, media_type: str, source: str = "readings") -> SentBatch:
    """Read a batch.

    Args:
        data: A body or a file.
        media_type: One of `MEDIA_TYPES`.
        source: Its name, for errors.

    Raises:
        InvalidInput: It cannot be read at all, or has too many rows.
    """
    batch = MEDIA_TYPES[media_type](data, source)
    if len(batch.rows) > MAX_BATCH_ROWS:
        raise InvalidInput(source, [too_many_rows(f"{len(batch.rows):,}")])
    if not batch.rows and not batch.problems:
        raise InvalidInput(source, [Problem("", "no rows", "send at least one reading")])
    return batch


def too_many_rows(found: str) -> Problem:
    """The problem of a batch with this many rows."""
    advice = f"send several batches of at most {MAX_BATCH_ROWS:,} rows"
    return Problem("", f"{found} rows are too many for one batch", advice)


def _json(data: bytes, source: str) -> SentBatch:
    document = _document(data, source)
    units: object = {}
    rows: object = document
    if isinstance(document, dict):
        rows = document.get("readings")
        if "at" in document or isinstance(rows, dict):
            rows = [document]  # One row alone.
        else:
            units = document.get("units") or {}
            unknown = [name for name in document if name not in ("readings", "units")]
            if unknown:
                advice = "write readings and units"
                raise InvalidInput(source, [Problem(unknown[0][:60], "unknown field", advice)])
    if not isinstance(rows, list):
        advice = 'write {"readings": [{"machine": …, "unit": …, "at": …, "readings": {…}}, …]}'
        raise InvalidInput(source, [Problem("", "no list of readings", advice)])
    if not isinstance(units, dict) or not all(isinstance(unit, str) for unit in units.values()):
        advice = 'write {"sensor": "unit of measurement"}'
        raise InvalidInput(source, [Problem("units", "not an object of texts", advice)])
    places = (f"readings[{index}]" for index in range(len(rows)))
    return _of_objects(zip(places, rows, strict=True), units)


def _ndjson(data: bytes, source: str) -> SentBatch:
    problems: list[Problem] = []

    def objects() -> Iterator[tuple[str, object]]:
        for number, line in enumerate(data.splitlines(), 1):
            if not line.strip():
                continue
            try:
                yield f"line {number}", _document(line, source)
            except InvalidInput as error:
                found = error.problems[0]
                problems.append(Problem(f"line {number}", found.message, found.advice))

    batch = _of_objects(objects(), {})
    return SentBatch(batch.rows, {}, [*problems, *batch.problems])


def _document(data: bytes, source: str) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        advice = "write one JSON object, or a list of them"
        raise InvalidInput(source, [Problem("", f"not JSON: {error}"[:200], advice)]) from None


def _of_objects(objects: Iterable[tuple[str, object]], units: Mapping[str, str]) -> SentBatch:
    rows, problems = [], []
    for place, found in objects:
        problem = _problem_of(found)
        if problem is not None:
            problems.append(Problem(place, *problem))
            continue
        assert isinstance(found, dict)
        unit = found.get("unit")
        rows.append(
            SentRow(
                place,
                found.get("machine"),
                ONLY_UNIT if unit is None else str(unit),
                found.get("at"),
                found["readings"],
            )
        )
    return SentBatch(rows, units, problems)


def _problem_of(found: object) -> tuple[str, str] | None:
    """What is wrong with the form of a row: the message and the advice."""
    if not isinstance(found, dict):
        return "not an object", 'write {"machine": …, "unit": …, "at": …, "readings": {…}}'
    unknown = [name for name in found if name not in _FIELDS]
    if unknown:
        return f"unknown field '{unknown[0][:60]}'", f"write {', '.join(_FIELDS)}"
    if not isinstance(found.get("readings"), dict):
        return "no object of readings", 'write "readings": {"sensor": number}'
    machine = found.get("machine")
    if machine is not None and not isinstance(machine, str):
        return "machine is not a text", "write the id of a machine"
    if isinstance(found.get("unit"), (dict, list, bool)):
        return "unit is not a name", "write a text such as 1 or press-07"
    return None


def _csv(data: bytes, source: str) -> SentBatch:
    try:
        text = data.decode("utf-8-sig")
        table = csv.reader(io.StringIO(text, newline=""), strict=True)
        header = [name.strip() for name in next(table, [])]
        rows = [row for row in table if row]
    except (UnicodeDecodeError, csv.Error) as error:
        advice = "write UTF-8 text with commas between the columns"
        raise InvalidInput(source, [Problem("", f"not CSV: {error}", advice)]) from None
    problems = [
        Problem(f"row {number}", f"{len(row)} cells, the header has {len(header)}", "add or remove")
        for number, row in enumerate(rows, 1)
        if len(row) != len(header)
    ]
    whole = ((n, row) for n, row in enumerate(rows, 1) if len(row) == len(header))
    return _of_table(header, whole, problems, source)


def _parquet(data: bytes, source: str) -> SentBatch:
    import pyarrow
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(pyarrow.BufferReader(data))
        if file.metadata.num_rows > MAX_BATCH_ROWS:
            raise InvalidInput(source, [too_many_rows(f"{file.metadata.num_rows:,}")])
        if file.metadata.num_columns > _MOST_COLUMNS:
            what = f"{file.metadata.num_columns:,} columns are too many"
            raise InvalidInput(source, [Problem("", what, f"send at most {_MOST_COLUMNS:,}")])
        rows, size = list[tuple[object, ...]](), 0
        # A small file may hold a large text many times over.
        for batch in file.iter_batches(_PARQUET_ROWS):
            size += batch.nbytes
            if size > _MOST_PARQUET_BYTES:
                advice = f"send batches of at most {_MOST_PARQUET_BYTES:,} bytes unpacked"
                raise InvalidInput(source, [Problem("", "too large", advice)])
            rows += zip(*(column.to_pylist() for column in batch.columns), strict=True)
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError, LookupError) as error:
        text = (str(error).splitlines() or [""])[0][:200]
        problem = Problem("", f"not Parquet: {text}", "write Parquet")
        raise InvalidInput(source, [problem]) from None
    return _of_table(list(file.schema_arrow.names), enumerate(rows, 1), [], source)


def _of_table(
    header: list[str],
    rows: Iterable[tuple[int, Iterable[object]]],
    problems: list[Problem],
    source: str,
) -> SentBatch:
    """Rows of a table with a column for each sensor; an empty cell is no reading."""
    doubled = sorted({name for name in header if header.count(name) > 1})
    if doubled:
        what = f"two columns are named '{doubled[0][:60]}'"
        raise InvalidInput(source, [Problem("", what, "name each column once")])
    place = {name: index for index, name in enumerate(header)}
    machine, unit, time = (
        next((place[name] for name in names if name in place), None)
        for names in (MACHINE_COLUMNS, UNIT_COLUMNS, TIME_COLUMNS)
    )
    if time is None:
        advice = "add a column 'at' with times such as 2026-01-31T12:00:00Z"
        raise InvalidInput(source, [Problem("", "no column of times", advice)])
    sensors = [(n, i) for n, i in place.items() if i not in (machine, unit, time)]
    found = []
    for number, cells in rows:
        row = list(cells)
        name = None if unit is None or row[unit] in (None, "") else str(row[unit]).strip()
        values = {sensor: row[index] for sensor, index in sensors if row[index] not in (None, "")}
        owner = None if machine is None or row[machine] in (None, "") else str(row[machine]).strip()
        found.append(SentRow(f"row {number}", owner, name or ONLY_UNIT, row[time], values))
    return SentBatch(found, {}, problems)


#: How each type of content is read.
MEDIA_TYPES: Mapping[str, Callable[[bytes, str], SentBatch]] = {
    "application/json": _json,
    "application/x-ndjson": _ndjson,
    "text/csv": _csv,
    "application/vnd.apache.parquet": _parquet,
}

#: The type of content of a file, by its suffix.
SUFFIXES: Mapping[str, str] = {
    ".json": "application/json",
    ".ndjson": "application/x-ndjson",
    ".csv": "text/csv",
    ".parquet": "application/vnd.apache.parquet",
}
