"""A place of its own for a run: an empty home, a migrated ledger, servers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import actors  # declares the stages, so that events have subscribers
from benchmarks.servers import PostgreSQL, Valkey
from storage.database import database, open_database, upgrade
from storage.settings import Settings

assert actors


@dataclass(frozen=True)
class Site:
    """Where a run takes place; the ledger is open.

    Attributes:
        valkey: The broker; None when it is the private one of the home.
        postgresql: The database; None when it is SQLite.
    """

    settings: Settings
    valkey: Valkey | None
    postgresql: PostgreSQL | None


@contextmanager
def site(kind: str, *, private_broker: bool = False, **settings: Any) -> Iterator[Site]:
    """Servers and an empty ledger for as long as the block lasts.

    Args:
        kind: `sqlite` or `postgresql`.
        private_broker: Whether the workers have to keep the private Valkey running.
        settings: Others than the defaults.
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
