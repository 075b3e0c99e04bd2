"""Whether the ledger answers and is up to date."""

from __future__ import annotations

from storage.database import server_version
from storage.schema import migration_status, refuse_newer_schema


def ledger_state() -> str:
    """The database's version and whether the ledger's tables are up to date.

    Raises:
        SchemaTooNew: Newer code has changed the ledger in a way that this code cannot use.
        LedgerUnavailable: It does not answer.
    """
    refuse_newer_schema()
    waiting = len(pending_migrations())
    state = f"{waiting} migrations to apply" if waiting else "up to date"
    return f"{server_version()}, {state}"


def pending_migrations() -> list[str]:
    """The names of the migrations that the open database lacks."""
    return [name for name, applied in migration_status() if not applied]
