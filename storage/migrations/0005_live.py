"""The number by which listeners tell a newer state of a task from an older one."""

from typing import Any

STATEMENTS = """
ALTER TABLE jobs ADD COLUMN seq BIGINT NOT NULL DEFAULT 0;
UPDATE jobs SET seq = COALESCE(completed_at, started_at, created_at)
"""


def up(migrator: Any, db: Any) -> None:
    """Add the column; what was there keeps the order in which it last changed."""
    for statement in STATEMENTS.split(";"):
        db.execute_sql(statement)
