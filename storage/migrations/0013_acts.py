"""Who changed a queue last; an index for the tasks of each status but success."""

from typing import Any

STATEMENTS = """
ALTER TABLE queues ADD COLUMN changed_at BIGINT;
ALTER TABLE queues ADD COLUMN changed_by VARCHAR(60);
CREATE INDEX jobs_not_done ON jobs (status, id) WHERE status <> 'success'
"""


def up(migrator: Any, db: Any) -> None:
    """Add the columns and the index."""
    for statement in STATEMENTS.split(";"):
        db.execute_sql(statement)
