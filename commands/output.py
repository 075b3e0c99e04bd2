"""Printing: tables for users, JSON for programs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

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


def _text(value: Any) -> str:
    if value is None:
        return ""
    text = str(value).split("\n")[0]
    return text if len(text) <= 70 else f"{text[:69]}…"
