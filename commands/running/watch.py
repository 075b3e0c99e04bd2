"""`fleetforge watch`."""

from __future__ import annotations

import threading
from pathlib import Path

import click

from commands.session import open_ledger, publisher
from commands.stopping import stop_event, stop_on_eof_option
from errors import Problem


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@stop_on_eof_option
def watch(folder: Path | None, stop_on_eof: bool) -> None:
    """Onboard every profile that is put in FOLDER (by default the inbox, var/inbox).

    Files of readings in FOLDER/readings are taken in; see: fleetforge readings.

    A file is read once it has not changed for a second. An invalid one stays in place, and the
    file NAME.error next to it gives the reasons.

    \b
    Example:
      fleetforge watch profiles/
    """
    stopping = stop_event(stop_on_eof=stop_on_eof)  # First: the imports take seconds.
    settings = open_ledger(create=True)
    from actors.inbox import Folder
    from actors.runtime.log import set_up_logging
    from events.onboarding import new_machine, register
    from events.plan import Plan
    from events.telemetry import take_in
    from GAN.profiles.loading import read_profile
    from GAN.telemetry.files import is_readings_name, read_readings

    set_up_logging(as_json=settings.log_json)
    send = publisher(settings)

    def submit(path: Path) -> list[Problem]:
        register([new_machine(path.name, read_profile(path))], Plan(), send, actor="watch")
        return []

    def submit_readings(path: Path) -> list[Problem]:
        batch = read_readings(path)
        taken = take_in(batch, send, actor="watch", source=path.name, max_units=settings.max_units)
        return taken.problems

    target = (folder or settings.inbox_folder).absolute()
    click.echo(f"watching {target}", err=True)
    readings = Folder(target / "readings", submit_readings, is_readings_name)
    thread = threading.Thread(target=readings.watch, args=(stopping,), name="readings")
    thread.start()
    Folder(target, submit).watch(stopping)
    thread.join()
