"""`fleetforge watch`."""

from __future__ import annotations

from pathlib import Path

import click

from commands.session import open_ledger, publisher
from commands.stopping import stop_event, stop_on_eof_option


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@stop_on_eof_option
def watch(folder: Path | None, stop_on_eof: bool) -> None:
    """Onboard every profile that is put in FOLDER (by default the inbox, var/inbox).

    A profile is read once it has not changed for a second. An invalid one stays in place, and the
    file NAME.error next to it gives the reasons.

    \b
    Example:
      fleetforge watch profiles/
    """
    settings = open_ledger()
    from actors.inbox import Folder
    from actors.runtime.log import set_up_logging
    from events.onboarding import new_machine, register
    from events.plan import Plan
    from GAN.profiles.loading import read_profile

    set_up_logging(as_json=settings.log_json)
    send = publisher(settings)

    def submit(path: Path) -> None:
        register([new_machine(path.name, read_profile(path))], Plan(), send, actor="watch")

    stopping = stop_event(stop_on_eof=stop_on_eof)
    target = (folder or settings.inbox_folder).absolute()
    click.echo(f"watching {target}", err=True)
    Folder(target, submit).watch(stopping)
