"""The sequence number of a job's state: each change increases it."""

from __future__ import annotations

from typing import Any

from peewee import Case

from storage.database import now_ms
from storage.tables import Job

#: A job's `seq` as it changes; SQL.
NEXT_SEQ = "CASE WHEN seq < {now} THEN {now} ELSE seq + 1 END"


def next_seq() -> Any:
    """`NEXT_SEQ` for a peewee query."""
    return Case(None, [(Job.seq < now_ms(), now_ms())], Job.seq + 1)
