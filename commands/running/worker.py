"""`fleetforge worker`."""

from __future__ import annotations

import click

from commands.session import open_ledger
from commands.stopping import stop_event, stop_on_eof_option
from errors import InvalidInput, Problem


@click.command()
@click.option(
    "--queues",
    default="",
    metavar="A,B",
    help="Queues to serve, separated by commas; default: all.",
)
@stop_on_eof_option
def worker(queues: str, stop_on_eof: bool) -> None:
    """Run one worker in the foreground until SIGTERM or Ctrl-C.

    It runs one stage at a time; start more workers to run more.

    \b
    Examples:
      fleetforge worker
      fleetforge worker --queues train
    """
    stopping = stop_event(stop_on_eof=stop_on_eof)  # First: the imports take seconds.
    settings = open_ledger(create=True)
    from actors.runtime.log import set_up_logging
    from actors.runtime.worker import serve
    from actors.stage import queues as declared

    wanted = [queue for queue in queues.split(",") if queue]
    unknown = sorted(set(wanted) - set(declared()))
    if unknown:
        problem = Problem("", f"no queue '{', '.join(unknown)}'", f"write {', '.join(declared())}")
        raise InvalidInput("--queues", [problem])
    set_up_logging(as_json=settings.log_json)
    serve(settings, wanted, stopping)
