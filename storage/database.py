"""Opening the ledger's database: SQLite by default, PostgreSQL by setting."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from errors import LedgerUnavailable, SettingsError
from storage.settings import PREFIX, Settings

# peewee imports every driver that is installed, and psycopg's import costs as much CPU time as
# the rest of `fleetforge status`. Who does not use PostgreSQL need not pay for it.
_WITHOUT_PSYCOPG = f"{PREFIX}DATABASE_URL" not in os.environ and "psycopg" not in sys.modules
if _WITHOUT_PSYCOPG:
    sys.modules["psycopg"] = None  # type: ignore[assignment]

import apsw
import peewee
from playhouse.apsw_ext import APSWDatabase
from playhouse.migrations import Runner

if _WITHOUT_PSYCOPG:
    del sys.modules["psycopg"]

#: Every table of the ledger is bound to this; `open_database` points it at the real one.
database = peewee.DatabaseProxy()

MIGRATIONS = Path(__file__).with_name("migrations")

#: How long a write waits for SQLite's one write lock, seconds.
LOCK_PATIENCE_SECONDS = 30.0
#: Its pauses between two tries, milliseconds, as SQLite itself makes them.
_LOCK_PAUSES = (1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50, 100)

_NOW_MS = {
    "sqlite": "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
    # now() stands still inside a transaction; a lease must not.
    "postgresql": "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
}


class _Sqlite(APSWDatabase):  # type: ignore[misc]  # playhouse has no types
    """APSW's SQLite: it binds no datetime by itself, and the migrations' history has one.

    Attributes:
        patience: Says how long to wait for the write lock, seconds; asked while it waits.
    """

    patience: Callable[[], float] = staticmethod(lambda: LOCK_PATIENCE_SECONDS)

    def _add_conn_hooks(self, conn: apsw.Connection) -> None:
        began = 0.0

        def go_on_waiting(tries: int) -> bool:
            nonlocal began
            began = began if tries else time.monotonic()
            time.sleep(_LOCK_PAUSES[min(tries, len(_LOCK_PAUSES) - 1)] / 1000)
            return time.monotonic() - began < self.patience()

        conn.set_busy_handler(go_on_waiting)
        super()._add_conn_hooks(conn)
        conn.convert_binding = lambda _cursor, _number, value: value.isoformat(" ")


def open_database(settings: Settings) -> Any:
    """Point the ledger's tables at the database of the settings; connects lazily."""
    opened: peewee.Database
    if settings.database_url is None:
        try:
            settings.home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(f"{PREFIX}HOME: {settings.home}: {error.strerror}") from None
        # APSW brings its own SQLite: the interpreter's may have the WAL-reset race
        # (3.7.0-3.51.2). IMMEDIATE because a read that turns into a write deadlocks.
        opened = _Sqlite(
            str(settings.home / "ledger.sqlite3"),
            lock_type="IMMEDIATE",
            pragmas={
                "journal_mode": "wal",
                "synchronous": "full",
                "foreign_keys": 1,
            },
        )
    elif _WITHOUT_PSYCOPG:
        raise SettingsError(f"set {PREFIX}DATABASE_URL before Fleetforge is started")
    else:
        opened = peewee.PostgresqlDatabase(
            settings.database_url.get_secret_value(),
            prefer_psycopg3=True,
            # A host that has vanished must not hold a lease's renewal for minutes.
            connect_timeout=5,
            keepalives_idle=10,
            # After an outage the kernel tries again what it could not send later and later.
            tcp_user_timeout=5_000,
        )
    database.initialize(opened)
    return opened


def wait_for_lock(patience: Callable[[], float]) -> None:
    """Say how long SQLite's write lock is waited for from now on.

    Args:
        patience: Gives seconds; it is asked again and again during a wait.
    """
    if is_sqlite():
        database.obj.patience = patience


def is_sqlite() -> bool:
    """Whether the open database is SQLite."""
    return isinstance(database.obj, peewee.SqliteDatabase)


def now_ms() -> peewee.SQL:
    """The database's own clock, milliseconds since 1970: hosts' clocks differ from each other."""
    return peewee.SQL(_NOW_MS["sqlite" if is_sqlite() else "postgresql"])


def after(seconds: float) -> peewee.Expression:
    """The database's clock `seconds` from now, milliseconds."""
    return now_ms() + round(seconds * 1000)


def execute(statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
    """Run a statement of ours as it is written, and return its rows.

    The statements on a job's way from one stage to the next are written in SQL: building them
    from peewee's objects anew each time takes several times as long as running them.

    Args:
        statement: SQL with `:name` for parameters and `{now}` for the database's clock, ms.
        parameters: The values.
    """
    cursor = database.execute_sql(_translated(statement, is_sqlite()), parameters)
    # psycopg does not fetch where no rows can be, APSW does not say whether there can be any.
    has_rows = is_sqlite() or cursor.description is not None
    return list(cursor.fetchall()) if has_rows else []


@cache
def _translated(statement: str, for_sqlite: bool) -> str:
    named = statement.format(now=_NOW_MS["sqlite" if for_sqlite else "postgresql"])
    return named if for_sqlite else re.sub(r"(?<!:):(\w+)", r"%(\1)s", named)


@contextmanager
def transaction() -> Iterator[None]:
    """One write transaction; a database that is away becomes `LedgerUnavailable`."""
    with reading(), database.atomic():
        yield


@contextmanager
def forgettable_transaction() -> Iterator[None]:
    """A write transaction that SQLite does not wait for the disk to keep.

    For what matters only as long as the workers live: claims, leases, progress, heartbeats. A cut
    of the power may undo the last of them, never by half, and no worker of an embedded database
    survives it. PostgreSQL's workers do survive its crash, so there it is a transaction as any
    other: a claim that is undone would give its token to two of them.
    """
    if not is_sqlite():
        with transaction():
            yield
        return
    with reading():
        database.execute_sql("PRAGMA synchronous = NORMAL")
        try:
            with database.atomic():
                yield
        finally:
            database.execute_sql("PRAGMA synchronous = FULL")


@contextmanager
def reading() -> Iterator[None]:
    """Queries that write nothing: on SQLite they wait for no writer.

    When the database is away the thread's connection is dropped, so that the next call makes a
    new one.
    """
    try:
        yield
    except (peewee.InterfaceError, peewee.DatabaseError) as error:
        if isinstance(error, (peewee.IntegrityError, peewee.DataError)):
            raise
        if not database.is_closed():
            database.close()
        message = str(error).strip().split("\n")[0]
        raise LedgerUnavailable(f"the database does not answer: {message}") from error


def upgrade() -> list[str]:
    """Apply every pending migration; the names of those applied."""
    with transaction():
        if not is_sqlite():
            # Two processes that start at once must not both create the tables; SQLite's
            # IMMEDIATE transaction already keeps them apart.
            database.execute_sql("SELECT pg_advisory_xact_lock(7003207)")
        names: list[str] = Runner(database.obj, str(MIGRATIONS)).up()
    return names


def migration_status() -> list[tuple[str, bool]]:
    """Each migration's name and whether it is applied, in order."""
    with reading():
        rows = Runner(database.obj, str(MIGRATIONS)).status()
    return [(row.name, row.applied is not None) for row in rows]


def server_version() -> str:
    """Name and version of the database that answers."""
    if is_sqlite():
        return f"SQLite {apsw.sqlitelibversion()}"
    with reading():
        (version,) = database.execute_sql("SHOW server_version").fetchone()
    return f"PostgreSQL {version}"


def clock_ms() -> int:
    """The database's clock."""
    with reading():
        (now,) = database.execute_sql(f"SELECT {now_ms().sql}").fetchone()
    return int(now)
