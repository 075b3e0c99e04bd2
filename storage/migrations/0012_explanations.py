"""The explanation of a unit's prediction stands once, with the prediction that is kept."""

from typing import Any


def up(migrator: Any, db: Any) -> None:
    """Drop the copy."""
    db.execute_sql("ALTER TABLE units DROP COLUMN explanation")
