"""`fleetforge up`."""

from __future__ import annotations

import signal
import threading

import click

from commands.session import open_ledger


@click.command()
def up() -> None:
    """Run the whole stack in the foreground: broker, two workers and the watched folder.

    Ctrl-C stops it in good order; a stage that is running is handed back and starts again at
    the next `up`.

    \b
    Example:
      fleetforge up
    """
    settings = open_ledger()
    from actors.stack import PROCESSES, WATCH, Stack

    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    signal.signal(signal.SIGINT, lambda *_: stopping.set())
    click.echo(f"drop profiles in {settings.inbox_folder}; stop with Ctrl-C", err=True)
    with Stack(settings, PROCESSES | {"watch": WATCH}):
        stopping.wait()
    click.echo("stopped", err=True)
