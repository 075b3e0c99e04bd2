"""Tokens with which clients come in over HTTP."""

from typing import Any

STATEMENTS = """
CREATE TABLE api_tokens (
    id VARCHAR(12) PRIMARY KEY,
    name VARCHAR(60) NOT NULL,
    scope VARCHAR(5) NOT NULL CHECK (scope IN ('read', 'write', 'admin')),
    secret_hash VARCHAR(200) NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    last_used_at BIGINT
);
CREATE UNIQUE INDEX api_tokens_name ON api_tokens (name) WHERE revoked_at IS NULL
"""


def up(migrator: Any, db: Any) -> None:
    """Create the table; a name is free again once its token is revoked."""
    for statement in STATEMENTS.split(";"):
        db.execute_sql(statement)
