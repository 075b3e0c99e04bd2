"""Queues that an operator may pause, limit and prefer; indexes for what every look asks."""

from typing import Any

STATEMENTS = """
CREATE TABLE queues (
    name VARCHAR(60) PRIMARY KEY,
    paused_at BIGINT,
    concurrency INTEGER CHECK (concurrency >= 1),
    priority INTEGER NOT NULL
);
DROP INDEX jobs_due;
CREATE INDEX jobs_pending ON jobs (queue, due_at) WHERE status = 'pending';
CREATE INDEX jobs_unsent ON jobs (due_at) WHERE status = 'pending' AND dispatched_at IS NULL;
CREATE INDEX jobs_running ON jobs (queue) WHERE status = 'running';
CREATE INDEX jobs_succeeded ON jobs (stage, completed_at) WHERE status = 'success'
"""


def up(migrator: Any, db: Any) -> None:
    """Create the table and the indexes."""
    for statement in STATEMENTS.split(";"):
        db.execute_sql(statement)
