"""`fleetforge up`."""

from __future__ import annotations

import click

from commands.running.web import address, listen, web_options
from commands.session import open_ledger
from commands.stopping import stop_event


@click.command()
@web_options
def up(host: str, port: int) -> None:
    """Run the whole stack in the foreground: broker, workers, HTTP, webhooks, watched folder.

    One worker starts for each core, up to four; each runs one stage of any kind at a time.
    Ctrl-C stops everything in order. A stage that is running then starts again at the next `up`.

    \b
    Example:
      fleetforge up
    """
    settings = open_ledger(create=True)
    from actors.runtime.log import set_up_logging
    from actors.runtime.supervisor import MOST_WORKERS, Stack, worker_commands
    from api.auth.listening import check_listen_address

    set_up_logging(as_json=settings.log_json)

    # Check what could keep `web` from starting before starting anything else.
    check_listen_address(host, settings)
    listen(host, port).close()
    stopping = stop_event()
    click.echo(f"dashboard: {address(host, port)}/fleet, or: fleetforge open", err=True)
    click.echo(f"drop profiles in {settings.inbox_folder}; stop with Ctrl-C", err=True)
    web = ("web", "--host", host, "--port", str(port))
    others = {"watch": ("watch",), "notify": ("notify",), "web": web}
    with Stack(settings, worker_commands(MOST_WORKERS) | others):
        while not stopping.wait(0.5):
            continue  # A signal that another thread received is only handled when this one wakes.
    click.echo("stopped", err=True)
