"""`fleetforge tokens`."""

from __future__ import annotations

import click

from commands.output import json_option, moment, print_json, print_rows
from commands.session import open_ledger
from storage.clients import tokens as stored
from storage.clients.tokens import SCOPES

COLUMNS = ("name", "scope", "state", "id", "created", "expires", "last used")


@click.group()
def tokens() -> None:
    """Create, list and revoke the tokens of HTTP clients."""


@tokens.command()
@click.argument("name")
@click.option(
    "--scope",
    type=click.Choice(SCOPES),
    required=True,
    help="Its rights: admin includes write, and write includes read.",
)
@click.option(
    "--expires-days", type=click.IntRange(1, 3650), help="Days until it expires; without it, never."
)
@json_option
def create(name: str, scope: str, expires_days: int | None, as_json: bool) -> None:
    """Create a token and print it; it cannot be shown again.

    \b
    Examples:
      fleetforge tokens create dashboard --scope read
      TOKEN=$(fleetforge tokens create ci --scope write --expires-days 90)
    """
    open_ledger(create=True)
    made = stored.create(name, scope, expires_days)
    if as_json:
        print_json(vars(made.token) | {"token": made.written})
        return
    click.echo(made.written)
    until = f"until {moment(made.token.expires_at)}" if expires_days else "until it is revoked"
    click.echo(f"{name}: valid {until}; it is not shown again, so save it now", err=True)


@tokens.command("list")
@json_option
def list_tokens(as_json: bool) -> None:
    """List all tokens, without their secrets.

    \b
    Example:
      fleetforge tokens list --json
    """
    open_ledger()
    found = [vars(token) for token in stored.tokens()]
    if as_json:
        print_json(found)
        return
    rows = [
        row
        | {
            "created": moment(row["created_at"]),
            "expires": moment(row["expires_at"]),
            "last used": moment(row["last_used_at"]),
        }
        for row in found
    ]
    empty = "no tokens yet; make one with: fleetforge tokens create NAME --scope read"
    print_rows(rows, COLUMNS, empty)


@tokens.command()
@click.argument("name")
@json_option
def revoke(name: str, as_json: bool) -> None:
    """Revoke a token; running services notice within two seconds.

    Open WebSockets are closed at their next ping, within 20 seconds.

    \b
    Example:
      fleetforge tokens revoke ci
    """
    open_ledger()
    revoked = stored.revoke(name)
    if as_json:
        print_json(vars(revoked))
    else:
        click.echo(f"{name}: revoked")
