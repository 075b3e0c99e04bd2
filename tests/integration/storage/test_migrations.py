"""Migrations on both databases."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import apsw
import pytest
from peewee import Model

from storage import tables
from storage.database import database, open_database, server_version
from storage.delivery import tables as delivery_tables
from storage.schema import migration_status, upgrade
from storage.settings import PREFIX, Settings
from storage.telemetry import tables as telemetry_tables


def test_every_migration_is_pending_then_applied_once(settings: Settings) -> None:
    open_database(settings)
    names = [name for name, applied in migration_status() if not applied]
    assert names == [name for name, _ in migration_status()]
    assert upgrade() == names
    assert all(applied for _, applied in migration_status())
    assert upgrade() == []


def test_the_tables_have_the_columns_the_ledger_uses(ledger: Settings) -> None:
    models = [
        model
        for module in (tables, telemetry_tables, delivery_tables)
        for model in vars(module).values()
        if isinstance(model, type) and issubclass(model, Model) and model.__name__[0] != "_"
    ]
    mapped = {model for model in models if model not in (Model, tables.Table)}
    assert len(mapped) == 24
    for model in mapped:
        columns = {column.name for column in database.get_columns(model._meta.table_name)}
        assert columns == {field.column_name for field in model._meta.sorted_fields}, model


def test_processes_that_start_at_once_migrate_once(settings: Settings) -> None:
    environment = os.environ | {f"{PREFIX}HOME": str(settings.home)}
    if settings.database_url is not None:
        environment[f"{PREFIX}DATABASE_URL"] = settings.database_url.get_secret_value()
    command = [sys.executable, "-m", "cli", "db", "upgrade", "--json"]
    processes = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    outputs = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * 4
    assert sum("0001_ledger" in output for output in outputs) == 1


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_doctor_fails_while_workers_would_refuse_the_database(settings: Settings) -> None:
    assert settings.database_url is not None
    environment = os.environ | {
        f"{PREFIX}HOME": str(settings.home),
        f"{PREFIX}DATABASE_URL": settings.database_url.get_secret_value(),
    }
    command = [sys.executable, "-m", "cli", "doctor"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "the database lacks 0001_ledger" in done.stdout
    assert "run: fleetforge db upgrade" in done.stdout


def test_sqlite_is_a_release_without_the_wal_reset_race(settings: Settings) -> None:
    open_database(settings)
    name, version = server_version().split(" ", 1)
    if name == "SQLite":
        assert tuple(map(int, version.split("."))) > (3, 51, 2)
        assert database.pragma("journal_mode") == "wal"
        assert database.pragma("synchronous") == 2
        assert database.pragma("foreign_keys") == 1
    else:
        assert name == "PostgreSQL"


def test_a_ledger_that_another_process_is_creating_is_waited_for(tmp_path: Path) -> None:
    """SQLite does not ask the busy handler when two connections change the journal mode."""
    other = apsw.Connection(str(tmp_path / "ledger.sqlite3"))
    other.execute("CREATE TABLE begun (x)")
    other.execute("BEGIN IMMEDIATE")
    other.execute("INSERT INTO begun VALUES (1)")
    waiting = threading.Event()

    def commit() -> None:
        waiting.wait(30)
        other.execute("COMMIT")

    committing = threading.Thread(target=commit)
    committing.start()
    opened = open_database(Settings(home=tmp_path))

    def patience() -> float:
        waiting.set()
        return 30.0

    opened.patience = patience
    upgrade()
    committing.join()
    assert all(applied for _, applied in migration_status())
    database.close()
