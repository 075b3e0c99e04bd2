"""`fleetforge db`."""

from __future__ import annotations

import click

from commands.output import json_option, print_json
from storage.database import open_database
from storage.schema import migration_status, upgrade
from storage.settings import load_settings


@click.group()
def db() -> None:
    """Show and apply the ledger's migrations; an embedded ledger is migrated automatically."""


@db.command("upgrade")
@json_option
def upgrade_database(as_json: bool) -> None:
    """Apply all pending migrations.

    \b
    Example:
      FLEETFORGE_DATABASE_URL=postgresql://me@host/fleet fleetforge db upgrade
    """
    open_database(load_settings())
    applied = upgrade()
    if as_json:
        print_json({"applied": applied})
    else:
        click.echo("\n".join(f"applied {name}" for name in applied) or "up to date")


@db.command()
@json_option
def status(as_json: bool) -> None:
    """List the migrations, and show which are applied."""
    open_database(load_settings())
    rows = migration_status()
    if as_json:
        print_json([{"migration": name, "applied": applied} for name, applied in rows])
    else:
        for name, applied in rows:
            click.echo(f"{'applied' if applied else 'pending'}  {name}")
