"""`fleetforge web`."""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import click

from commands.session import open_ledger
from commands.stopping import stop_event, stop_on_eof_option
from errors import SettingsError

#: Advice for an address that cannot be used, by the kernel's error.
_ADVICE = {
    errno.EADDRINUSE: "stop what listens there, or choose another port with --port "
    "(a Procfile has it in its line `web:`)",
    errno.EACCES: "choose a port above 1023 with --port",
    errno.EADDRNOTAVAIL: "choose an address of this machine with --host",
}

#: What to open if the service listens on all addresses.
_OF_ALL = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}

F = TypeVar("F", bound=Callable[..., Any])

#: How long to wait for SQLite's write lock until the ledger counts as away, seconds.
_LOCK_PATIENCE_SECONDS = 5.0
#: How long open requests may take to end when the service stops, seconds.
_STOP_SECONDS = 5


def web_options(function: F) -> F:
    """Add `--host` and `--port`."""
    port = click.option(
        "--port", type=click.IntRange(1, 65535), default=8000, show_default=True, metavar="PORT"
    )
    host = click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS")
    return host(port(function))


@click.command()
@web_options
@stop_on_eof_option
def web(host: str, port: int, stop_on_eof: bool) -> None:
    """Serve Fleetforge over HTTP until SIGTERM or Ctrl-C.

    It accepts requests, publishes events and shows the ledger; workers run the stages. /docs
    documents its API.

    \b
    Example:
      fleetforge web --port 8080
    """
    stopping = stop_event(stop_on_eof=stop_on_eof)  # First: the imports take seconds.
    settings = open_ledger(create=True)
    import uvicorn

    from actors.runtime.log import set_up_logging
    from api.app import create_app
    from api.auth.listening import check_listen_address
    from api.server import SERVER_OPTIONS
    from storage.database import wait_for_lock

    check_listen_address(host, settings)
    set_up_logging(as_json=settings.log_json)
    wait_for_lock(lambda: _LOCK_PATIENCE_SECONDS)
    with listen(host, port) as listener:
        server = uvicorn.Server(
            uvicorn.Config(
                create_app(settings),
                log_config=None,
                access_log=False,  # Our middleware logs each request.
                **SERVER_OPTIONS,
                timeout_graceful_shutdown=_STOP_SECONDS,
            )
        )

        def stop_server() -> None:
            stopping.wait()
            server.should_exit = True

        threading.Thread(target=stop_server, daemon=True).start()
        click.echo(
            f"serving {address(host, port)}, with the dashboard at /fleet and the API documented "
            "at /docs",
            err=True,
        )
        server.run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """Open a socket that accepts connections.

    Raises:
        SettingsError: The address cannot be used; the message names the option to change.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        reason = str(error.strerror).partition(" (")[0]  # Python adds the address.
        advice = _ADVICE.get(error.errno or 0, "choose another --host or --port")
        raise SettingsError(f"{host}:{port}: {reason}; {advice}") from None


def address(host: str, port: int) -> str:
    """The address of a service, as a browser on this machine can open it."""
    shown = _OF_ALL.get(host, host)
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
