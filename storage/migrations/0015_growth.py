"""Indexes for what users ask of large ledgers, and for the deletion of a machine."""

from typing import Any

STATEMENTS = """
CREATE INDEX events_correlation ON events (correlation_id, id);
CREATE INDEX events_type ON events (type, id);
CREATE INDEX artifacts_key ON artifacts (key);
CREATE INDEX machines_category ON machines (category, machine_id);
CREATE INDEX machines_manufacturer ON machines (manufacturer, machine_id);
CREATE INDEX model_versions_training ON model_versions (training_job_id)
"""


def up(migrator: Any, db: Any) -> None:
    """Add the indexes."""
    for statement in STATEMENTS.split(";"):
        db.execute_sql(statement)
