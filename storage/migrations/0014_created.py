"""An index for the time at which the newest machine was created."""

from typing import Any


def up(migrator: Any, db: Any) -> None:
    """Add the index."""
    db.execute_sql("CREATE INDEX machines_created ON machines (created_at)")
