"""Files of readings and predictions: CSV or Parquet, by their name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import click

from errors import InvalidInput, Problem
from GAN.files import replacing
from GAN.telemetry.export import Format, Table, encoded

T = TypeVar("T")

_FORMATS: dict[str, Format] = {".csv": "csv", ".parquet": "parquet"}

output_option = click.option(
    "-o",
    "--output",
    "path",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The file to write: *.csv or *.parquet.",
)


class Counted(Iterator[Sequence[T]]):
    """Batches of rows, counted as they pass.

    Attributes:
        rows: How many rows have passed.
    """

    def __init__(self, batches: Iterable[Sequence[T]]) -> None:
        self.rows = 0
        self._batches = iter(batches)

    def __next__(self) -> Sequence[T]:
        batch = next(self._batches)
        self.rows += len(batch)
        return batch


def format_of(path: Path) -> Format:
    """The format that a file's name asks for.

    Raises:
        InvalidInput: It is neither.
    """
    found = _FORMATS.get(path.suffix.lower())
    if found is None:
        problem = Problem("", "not a kind of file to write", "name it *.csv or *.parquet")
        raise InvalidInput(path.name, [problem])
    return found


def write_table(table: Table, path: Path) -> None:
    """Write a table; the file is complete or not there.

    Raises:
        InvalidInput: The file cannot be written.
    """
    try:
        with replacing(path) as part, part.open("wb") as file:
            file.writelines(encoded(table, format_of(path)))
    except OSError as error:
        problem = Problem("", f"cannot be written: {error.strerror}", "choose another file")
        raise InvalidInput(str(path), [problem]) from None
