"""`fleetforge notify`."""

from __future__ import annotations

import click

from commands.session import open_ledger
from commands.stopping import stop_event, stop_on_eof_option


@click.command()
@stop_on_eof_option
def notify(stop_on_eof: bool) -> None:
    """Send messages about alerts to the webhooks, until SIGTERM or Ctrl-C.

    Several may run; each message is sent by one of them.

    \b
    Example:
      fleetforge notify
    """
    stopping = stop_event(stop_on_eof=stop_on_eof)
    settings = open_ledger(create=True)
    from actors.runtime.log import set_up_logging
    from actors.webhooks.notifier import Notifier

    set_up_logging(as_json=settings.log_json)
    Notifier(private=settings.webhook_private).run(stopping)
