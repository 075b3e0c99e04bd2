"""The environment of a run: an empty home, a migrated ledger, servers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import actors  # declares the stages, so that events have subscribers
from benchmarks.servers import PostgreSQL, Valkey
from storage.database import database, open_database
from storage.schema import upgrade
from storage.settings import Settings

assert actors


@dataclass(frozen=True)
class Site:
    """The environment of a run; its ledger is open.

    Attributes:
        valkey: The broker; None: the private Valkey of the home.
        postgresql: The database; None: SQLite.
    """

    settings: Settings
    valkey: Valkey | None
    postgresql: PostgreSQL | None


@contextmanager
def site(kind: str, *, private_broker: bool = False, **settings: Any) -> Iterator[Site]:
    """Servers and an empty ledger for the duration of the block.

    Args:
        kind: `sqlite` or `postgresql`.
        private_broker: Whether the workers have to keep the private Valkey running.
        settings: Settings that differ from the defaults.
    """
    with ExitStack() as resources:
        home = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="ff-site-")))
        valkey = None if private_broker else resources.enter_context(Valkey())
        postgresql = resources.enter_context(PostgreSQL()) if kind == "postgresql" else None
        chosen = Settings(
            home=home,
            redis_url=valkey.url if valkey else None,
            database_url=postgresql.url if postgresql else None,
            **settings,
        )
        open_database(chosen)
        upgrade()
        resources.callback(database.close)
        yield Site(chosen, valkey, postgresql)
