"""Sessions of web pages, and codes that can be exchanged for one."""

from typing import Any

STATEMENTS = """
CREATE TABLE sessions (
    secret_sha256 VARCHAR(64) PRIMARY KEY,
    token_id VARCHAR(12) NOT NULL REFERENCES api_tokens (id) ON DELETE CASCADE,
    is_code BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL
);
CREATE INDEX sessions_token ON sessions (token_id, created_at)
"""


def up(migrator: Any, db: Any) -> None:
    """Create the table."""
    for statement in STATEMENTS.split(";"):
        db.execute_sql(statement)
