"""Batches: what is done with many rows is done in many short steps."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

from storage.database import each_row, execute, is_sqlite, transaction

#: Rows of a batch. A transaction that deletes so many takes a few hundredths of a second.
ROWS = 300

#: Pause after a batch on SQLite, seconds. A writer that waits for its lock looks at it again and
#: again, in the first tenth of a second at least as often as this. Without a pause, the next batch
#: would take the lock before the writer looks.
_PAUSE_SECONDS = 0.025

T = TypeVar("T")


def in_batches(values: Iterable[T], size: int | None = None) -> Iterator[list[T]]:
    """The values, in lists of at most `size`, or of at most `ROWS`."""
    left = iter(values)
    while batch := list(islice(left, size or ROWS)):
        yield batch


@contextmanager
def short_transaction() -> Iterator[None]:
    """The transaction of a batch; lets other writers go before the next one."""
    with transaction():
        yield
    if is_sqlite():
        time.sleep(_PAUSE_SECONDS)


def execute_for(
    values: Sequence[int] | Sequence[str], statement: str, **parameters: Any
) -> list[tuple[Any, ...]]:
    """Run a statement about some rows, and return its rows.

    Args:
        values: Ids or names.
        statement: As `storage.database.execute` takes it, with `{ids}` or `{names}` for a query
            that gives the values.
        parameters: Its other parameters.
    """
    table = each_row(1)
    filled = statement.format(
        ids=f"SELECT CAST(c0 AS BIGINT) FROM {table}", names=f"SELECT c0 FROM {table}", now="{now}"
    )
    return execute(filled, rows=json.dumps([[value] for value in values]), **parameters)
