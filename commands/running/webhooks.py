"""`fleetforge webhooks`."""

from __future__ import annotations

import getpass
from dataclasses import asdict

import click

from commands.output import json_option, moment, print_json, print_rows
from commands.session import open_ledger
from storage.delivery import webhooks as stored

COLUMNS = ("id", "state", "url", "waiting", "given up", "last sent", "last error")


@click.group()
def webhooks() -> None:
    """Add, list, test and remove webhooks: they get a message about each alert and incident."""


@webhooks.command()
@click.argument("url")
@json_option
def add(url: str, as_json: bool) -> None:
    """Send messages about alerts to URL, and print the secret that verifies them.

    The secret cannot be shown again. The messages are sent by: fleetforge notify.

    \b
    Example:
      SECRET=$(fleetforge webhooks add https://plant.example/alerts)
    """
    settings = open_ledger(create=True)
    made = stored.add(url, getpass.getuser()[:60], private=settings.webhook_private)
    if as_json:
        print_json({"webhook": vars(made.webhook), "secret": made.secret})
        return
    click.echo(made.secret)
    text = "this secret verifies its messages and is not shown again, so save it now"
    click.echo(f"webhook {made.webhook.id}: {text}", err=True)


@webhooks.command("list")
@json_option
def list_webhooks(as_json: bool) -> None:
    """List webhooks with what waits for them, without their secrets.

    \b
    Example:
      fleetforge webhooks list
    """
    open_ledger()
    found = [vars(webhook) for webhook in stored.webhooks()]
    if as_json:
        print_json(found)
        return
    rows = [
        row
        | {
            "given up": row["given_up"],
            "last sent": moment(row["last_sent_at"]),
            "last error": row["last_error"],
        }
        for row in found
    ]
    print_rows(rows, COLUMNS, "no webhooks yet; add one with: fleetforge webhooks add URL")


@webhooks.command()
@click.argument("webhook_id", metavar="ID", type=int)
@json_option
def test(webhook_id: int, as_json: bool) -> None:
    """Send a message of the type `test` now, and print what the receiver answers.

    \b
    Example:
      fleetforge webhooks test 1
    """
    settings = open_ledger()
    from actors.webhooks.sending import send_test

    answered = send_test(webhook_id, private=settings.webhook_private)
    if as_json:
        print_json({"id": webhook_id, **asdict(answered)})
    else:
        click.echo(f"webhook {webhook_id}: answered {answered.status} after {answered.took_ms} ms")


@webhooks.command()
@click.argument("webhook_id", metavar="ID", type=int)
@json_option
def remove(webhook_id: int, as_json: bool) -> None:
    """Remove a webhook, with the messages that wait for it.

    \b
    Example:
      fleetforge webhooks remove 1
    """
    open_ledger()
    stored.remove(webhook_id)
    if as_json:
        print_json({"removed": webhook_id})
    else:
        click.echo(f"webhook {webhook_id}: removed")
