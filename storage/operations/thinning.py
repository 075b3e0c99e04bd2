"""Thinning old predictions; removing old readings that were never moved to files, and sessions."""

from __future__ import annotations

from dataclasses import dataclass

from storage.clients import sessions
from storage.database import execute, reading, transaction
from storage.operations import batches
from storage.operations.batches import execute_for, short_transaction

_MS_PER_DAY = 86_400_000

#: All predictions are kept for some days, then the last one of an hour, then that of a day.
ALL_DAYS, HOURLY_DAYS = 7, 90


@dataclass(frozen=True)
class OldRows:
    """Rows that can be removed.

    Attributes:
        predictions: Predictions between those that are kept, with their explanations.
        readings: Readings that are older than readings are kept.
        sessions: Sessions of web pages that have ended.
    """

    predictions: int
    readings: int
    sessions: int


def find(readings_days: int) -> OldRows:
    """Count the rows that `remove` would remove; call inside `reading`."""
    ((hourly,),) = execute(f"SELECT COUNT(*) FROM predictions {_BETWEEN}", **_HOURLY)
    ((daily,),) = execute(f"SELECT COUNT(*) FROM predictions {_BETWEEN}", **_DAILY)
    age = readings_days * _MS_PER_DAY
    ((readings,),) = execute(f"SELECT COUNT(*) FROM readings {_OLDER}", age=age)
    return OldRows(hourly + daily, readings, sessions.count_ended())


def remove(readings_days: int) -> None:
    """Remove these rows, in many short transactions."""
    for step in (_HOURLY, _DAILY):
        _remove("predictions", _BETWEEN, **step)
    _remove("readings", _OLDER, age=readings_days * _MS_PER_DAY)
    with transaction():
        sessions.forget_ended()


def _remove(table: str, old: str, **parameters: int) -> None:
    """Remove the rows of a table that a condition finds.

    They are looked for outside of the transactions: there may be very many rows that stay.
    """
    found = f"SELECT id FROM {table} {old} AND id > :last ORDER BY id LIMIT :most"
    last = 0
    while True:
        with reading():
            rows = execute(found, last=last, most=batches.ROWS, **parameters)
        ids = [row_id for (row_id,) in rows]
        if not ids:
            return
        with short_transaction():
            execute_for(ids, f"DELETE FROM {table} {old} AND id IN ({{ids}})", **parameters)
        last = ids[-1]


_HOURLY = {"age": ALL_DAYS * _MS_PER_DAY, "until": HOURLY_DAYS * _MS_PER_DAY, "step": 3_600_000}
_DAILY = {"age": HOURLY_DAYS * _MS_PER_DAY, "until": 100_000 * _MS_PER_DAY, "step": _MS_PER_DAY}

# A later prediction of the unit in the same hour, or day, stays for this one.
_BETWEEN = """
WHERE created_at < {now} - :age AND created_at >= {now} - :until AND EXISTS (
    SELECT 1 FROM predictions AS later
    WHERE later.unit_id = predictions.unit_id AND later.predicted_at > predictions.predicted_at
        AND later.predicted_at < (predictions.predicted_at / :step + 1) * :step
)
"""

_OLDER = "WHERE at < {now} - :age"
