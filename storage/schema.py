"""The schema of the ledger: its migrations, and which code may use it.

A migration first adds what newer code needs, so older code goes on while hosts are upgraded one by
one. A later one removes what only older code used. The name of such a migration ends in
`BREAKING`, and code that does not have it refuses the ledger.
"""

from __future__ import annotations

from errors import SchemaTooNew
from storage.database import database, is_sqlite, migrations, reading, transaction

#: Ends the names of migrations after which code without them cannot use the ledger.
BREAKING = "_breaking"


def upgrade() -> list[str]:
    """Apply all pending migrations; return their names."""
    with transaction():
        if not is_sqlite():
            # Two processes that start at once must not both create the tables. On SQLite, the
            # IMMEDIATE transaction prevents that.
            database.execute_sql("SELECT pg_advisory_xact_lock(7003207)")
        names: list[str] = migrations().up()
    return names


def migration_status() -> list[tuple[str, bool]]:
    """The migrations in order: name, and whether it is applied."""
    with reading():
        rows = migrations().status()
    return [(row.name, row.applied is not None) for row in rows]


def refuse_newer_schema() -> None:
    """Check that this code may use the open database.

    Raises:
        SchemaTooNew: A breaking migration that this code does not have was applied.
        LedgerUnavailable: The database does not answer.
    """
    with reading():
        rows = migrations().status()
    unknown = [row.name for row in rows if row.path is None and row.name.endswith(BREAKING)]
    if unknown:
        raise SchemaTooNew(
            f"the ledger was upgraded by a newer Fleetforge ({', '.join(unknown)}): "
            "install that version on this host"
        )
