"""Opening the ledger's database: SQLite by default, PostgreSQL by setting."""

from __future__ import annotations

import itertools
import os
import re
import select
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from errors import LedgerUnavailable, SettingsError
from storage.settings import PREFIX, Settings

# peewee imports every driver that is installed, and importing psycopg takes as much CPU time as the
# rest of a short command. So it is hidden unless PostgreSQL is used.
_MAY_NEED_PSYCOPG = {f"{PREFIX}DATABASE_URL", f"{PREFIX}SECRETS"}
_WITHOUT_PSYCOPG = not (_MAY_NEED_PSYCOPG & os.environ.keys()) and "psycopg" not in sys.modules
if _WITHOUT_PSYCOPG:
    sys.modules["psycopg"] = None  # type: ignore[assignment]

import apsw
import peewee
from playhouse.apsw_ext import APSWDatabase
from playhouse.migrations import Runner

if _WITHOUT_PSYCOPG:
    del sys.modules["psycopg"]

MIGRATIONS = Path(__file__).with_name("migrations")

#: All tables of the ledger are bound to this proxy; `open_database` sets the real database.
database = peewee.DatabaseProxy()

#: How long a write waits for SQLite's write lock, seconds.
LOCK_PATIENCE_SECONDS = 30.0
#: Pauses between its tries, milliseconds; SQLite's own busy handler has the same.
_LOCK_PAUSES = (1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50, 100)

_NOW_MS = {
    "sqlite": "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
    # now() does not advance inside a transaction; the clock of a lease must.
    "postgresql": "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
}


class _Sqlite(APSWDatabase):  # type: ignore[misc]  # playhouse has no types
    """APSW's SQLite, which also binds datetimes: the table of migrations has one.

    Attributes:
        patience: Gives how long to wait for the write lock, seconds; called during the wait.
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
        self._set_up(conn, go_on_waiting)
        conn.convert_binding = lambda _cursor, _number, value: value.isoformat(" ")

    def _set_up(self, conn: apsw.Connection, go_on_waiting: Callable[[int], bool]) -> None:
        """Set the pragmas.

        Processes that create the file at the same time all change its journal mode. SQLite fails
        there without asking the busy handler, because two that wait for each other would not end.
        """
        for tries in itertools.count():
            try:
                super()._add_conn_hooks(conn)
            except apsw.BusyError:
                if not go_on_waiting(tries):
                    raise
            else:
                return


def ledger_file(settings: Settings) -> Path:
    """The file of the embedded database."""
    return settings.home / "ledger.sqlite3"


def open_database(settings: Settings) -> Any:
    """Bind the ledger's tables to the database of the settings; it connects at first use."""
    opened: peewee.Database
    if settings.database_url is None:
        try:
            settings.home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(f"{PREFIX}HOME: {settings.home}: {error.strerror}") from None
        # APSW has its own SQLite: the interpreter's may have the WAL-reset race (3.7.0-3.51.2).
        # IMMEDIATE, because a transaction that reads first and writes later can deadlock.
        opened = _Sqlite(
            str(ledger_file(settings)),
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
            # Prepared from the fifth time on, a statement takes half of the server's CPU time.
            prepare_threshold=5 if settings.prepared_statements else None,
            # An unreachable host must not block the renewal of a lease for minutes.
            connect_timeout=5,
            keepalives_idle=10,
            # After an outage, the kernel resends unsent data at longer and longer intervals.
            tcp_user_timeout=5_000,
        )
    database.initialize(opened)
    return opened


def wait_for_lock(patience: Callable[[], float]) -> None:
    """Set how long writes wait for SQLite's write lock.

    Args:
        patience: Gives the seconds; it is called repeatedly during a wait.
    """
    if is_sqlite():
        database.obj.patience = patience


def is_sqlite() -> bool:
    """Whether the open database is SQLite."""
    return isinstance(database.obj, peewee.SqliteDatabase)


def now_ms() -> peewee.SQL:
    """The database's clock, milliseconds since 1970; the clocks of hosts differ."""
    return peewee.SQL(_NOW_MS["sqlite" if is_sqlite() else "postgresql"])


def after(seconds: float) -> peewee.Expression:
    """The database's clock `seconds` from now, milliseconds."""
    return now_ms() + round(seconds * 1000)


def execute(statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
    """Run a statement and return its rows.

    Frequent statements are written in SQL: building them with peewee takes several times as long as
    running them.

    Args:
        statement: SQL with `:name` for parameters and `{now}` for the database's clock, ms.
        parameters: The values.
    """
    cursor = database.execute_sql(_translated(statement, is_sqlite()), parameters)
    # psycopg refuses to fetch if the statement has no result; APSW does not say whether it has one.
    has_rows = is_sqlite() or cursor.description is not None
    return list(cursor.fetchall()) if has_rows else []


def execute_each(statement: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Run a statement once for each row of parameters; its results are discarded.

    Args:
        statement: As in `execute`.
        rows: The parameters.
    """
    if not rows:
        return
    translated = _translated(statement, is_sqlite())
    if is_sqlite():
        # peewee logs and wraps each statement; APSW alone takes a fifth of the time.
        database.connection().cursor().executemany(translated, rows)
    else:
        database.cursor().executemany(translated, rows)  # psycopg sends them in a pipeline.


def each_row(columns: int) -> str:
    """SQL of a table `sent` with the rows of a JSON list, in the parameter `:rows`.

    Its columns are `c0`, `c1`, … as text, or null.
    """
    cells = ", ".join(f"value ->> {index} AS c{index}" for index in range(columns))
    if is_sqlite():
        return f"(SELECT {cells} FROM json_each(:rows)) AS sent"
    return f"(SELECT {cells} FROM json_array_elements(CAST(:rows AS json))) AS sent"


@cache
def _translated(statement: str, for_sqlite: bool) -> str:
    named = statement.format(now=_NOW_MS["sqlite" if for_sqlite else "postgresql"])
    return named if for_sqlite else re.sub(r"(?<!:):(\w+)", r"%(\1)s", named)


@contextmanager
def transaction() -> Iterator[None]:
    """One write transaction; raises `LedgerUnavailable` if the database does not answer."""
    with reading(), database.atomic():
        yield


@contextmanager
def forgettable_transaction() -> Iterator[None]:
    """A write transaction that SQLite commits without waiting for the disk.

    It is for data that matter only while the workers live: claims, leases, progress, heartbeats. A
    power cut may undo the last of these transactions, each as a whole, and no worker of an embedded
    database survives it. On PostgreSQL it is an ordinary transaction, because workers survive a
    crash of the database: if a claim were undone, two workers could get the same token.
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
    """Queries that write nothing; on SQLite they do not wait for writers.

    If the database does not answer, the thread's connection is closed, so that the next call opens
    a new one.
    """
    try:
        _close_ended_connection()
        yield
    except (peewee.InterfaceError, peewee.DatabaseError) as error:
        if isinstance(error, (peewee.IntegrityError, peewee.DataError)):
            raise
        if not database.is_closed():
            database.close()
        message = str(error).strip().split("\n")[0]
        raise LedgerUnavailable(f"the database does not answer: {message}") from error


def _close_ended_connection() -> None:
    """Close the thread's connection if PostgreSQL has ended it, for example by a restart.

    The next statement then opens a new one. Without this, it would fail once in each thread.
    """
    if is_sqlite() or database.is_closed() or database.in_transaction():
        return
    idle = select.poll()
    idle.register(database.connection().fileno(), select.POLLIN)
    if idle.poll(0):  # The server sends nothing to an idle connection but its end.
        database.close()


def migrations() -> Runner:
    """The migrations of the open database. `playhouse` is imported here, without psycopg."""
    return Runner(database.obj, str(MIGRATIONS))


def server_version() -> str:
    """Name and version of the database."""
    if is_sqlite():
        return f"SQLite {apsw.sqlitelibversion()}"
    with reading():
        (version,) = database.execute_sql("SHOW server_version").fetchone()
    return f"PostgreSQL {version}"


def clock_ms() -> int:
    """The database's clock, milliseconds since 1970."""
    with reading():
        (now,) = database.execute_sql(f"SELECT {now_ms().sql}").fetchone()
    return int(now)
