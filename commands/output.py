"""Printing: tables for users, JSON for programs."""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

#: Longer sentences are cut in a table; `--json` has them whole.
_LONGEST_SENTENCE = 70

F = TypeVar("F", bound=Callable[..., Any])


def json_option(function: F) -> F:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def print_json(value: Any) -> None:
    """Print one JSON document."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def print_rows(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], empty: str) -> None:
    """Print the given columns of rows as a table, or the text `empty` if there are no rows."""
    rows = list(rows)
    if not rows:
        click.echo(empty)
        return
    cells = [[_text(row.get(column)) for column in columns] for row in rows]
    widths = [
        max(len(column), *(len(line[index]) for line in cells))
        for index, column in enumerate(columns)
    ]
    for line in [[column.upper() for column in columns], *cells]:
        click.echo(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        )


def print_screen(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str], empty: str, by: str
) -> None:
    """Print as many rows as the terminal has lines, and count the others.

    Args:
        rows: The rows, the most important first.
        columns: The columns that are printed.
        empty: Printed if there are no rows.
        by: The column by which rows without a line are counted.
    """
    room = max(shutil.get_terminal_size().lines - 3, 1)
    shown = rows if len(rows) <= room + 1 else rows[:room]
    print_rows(shown, columns, empty)
    rest = Counter(str(row[by]) for row in rows[len(shown) :])
    if rest:
        kinds = ", ".join(f"{count} {kind}" for kind, count in rest.most_common())
        click.echo(f"and {rest.total()} more: {kinds}")


def moment(ms: int | None) -> str:
    """Local time, from milliseconds since 1970."""
    if ms is None:
        return ""
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone().isoformat(" ", "seconds")


def duration(seconds: float) -> str:
    """A duration in words: `43 s`, `2 min 5 s`, `3 h 20 min`."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def repeat(show: Callable[[], None], seconds: float = 1.0) -> None:
    """Clear the screen and show again every `seconds`, until Ctrl-C."""
    try:
        while True:
            click.clear()
            show()
            time.sleep(seconds)
    except KeyboardInterrupt:
        return


def shortened(text: str, most: int) -> str:
    """A text of at most so many characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _text(value: Any) -> str:
    if value is None:
        return ""
    text = str(value).split("\n")[0]
    # Ids, paths and hashes are copied from here; sentences are read.
    return shortened(text, _LONGEST_SENTENCE) if " " in text else text
