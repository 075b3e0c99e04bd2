"""What the HTTP service shows of a training, and the answers to requests that carry a key."""

from typing import Any

STATEMENTS = """
ALTER TABLE jobs ADD COLUMN epoch INTEGER;
ALTER TABLE jobs ADD COLUMN loss DOUBLE PRECISION;
CREATE TABLE answers (
    key VARCHAR(255) PRIMARY KEY,
    endpoint VARCHAR(300) NOT NULL,
    request_sha256 VARCHAR(64) NOT NULL,
    status INTEGER NOT NULL,
    location VARCHAR(300),
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX answers_age ON answers (created_at)
"""


def up(migrator: Any, db: Any) -> None:
    """Add the columns, create the table."""
    for statement in STATEMENTS.split(";"):
        db.execute_sql(statement)
