"""`fleetforge open`."""

from __future__ import annotations

import urllib.error
import urllib.request
import webbrowser
from urllib.parse import urlsplit

import click

from commands.session import open_ledger
from errors import FleetforgeError, InvalidInput, Problem
from storage.clients import sessions, tokens
from storage.clients.tokens import Token

DEFAULT_URL = "http://127.0.0.1:8000"

_ANSWERS_WITHIN_SECONDS = 5.0


@click.command()
@click.argument("url", default=DEFAULT_URL)
@click.option("--as", "name", metavar="TOKEN", help="The token to log in with, by its name.")
@click.option("--print", "only_print", is_flag=True, help="Print the address, open nothing.")
def open(url: str, name: str | None, only_print: bool) -> None:  # noqa: A001  # the command's name
    """Open the dashboard in your browser.

    URL is the address of the service, http://127.0.0.1:8000 unless it runs elsewhere. If tokens
    were made, the address logs the browser in: it works once, within a minute.

    \b
    Examples:
      fleetforge open
      fleetforge open https://fleet.plant --as planner
    """
    base = _checked(url)
    _ask(base)
    open_ledger()
    token = _token(name)
    page = f"{base}/fleet" if token is None else f"{base}/login#code={sessions.new_code(token)}"
    if not only_print and webbrowser.open(page):
        as_whom = "" if token is None else f", logged in with token {token.name} ({token.scope})"
        click.echo(f"opened {base}/fleet{as_whom}", err=True)
        return
    click.echo(page)
    if token is not None:
        click.echo("this address works once, within a minute", err=True)


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/"):
        advice = f"write one such as {DEFAULT_URL} or https://fleet.plant"
        raise InvalidInput("open", [Problem("URL", f"no address of a service: '{url}'", advice)])
    return f"{parts.scheme}://{parts.netloc}"


def _ask(base: str) -> None:
    """Refuse to open a page that nothing serves."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        direct.open(f"{base}/livez", timeout=_ANSWERS_WITHIN_SECONDS).close()
    except (urllib.error.URLError, OSError) as error:
        reason = getattr(error, "reason", error)
        advice = "start the service: fleetforge up; or name its address: fleetforge open URL"
        raise FleetforgeError(f"{base} does not answer: {reason}; {advice}") from None


def _token(name: str | None) -> Token | None:
    """The token to log in with; None while no token was ever made."""
    usable = [token for token in tokens.tokens() if token.state == "usable"]
    if name is None and not tokens.any_made():
        return None
    chosen = [token for token in usable if name in (None, token.name)]
    if len(chosen) == 1:
        return chosen[0]
    names = ", ".join(f"{token.name} ({token.scope})" for token in usable)
    if not usable:
        what, advice = "no token is usable", "make one: fleetforge tokens create NAME --scope write"
    elif name is not None:
        what, advice = f"no usable token '{name}'", f"write one of {names}"
    else:
        what, advice = "there are several tokens", f"say which one: --as NAME, of {names}"
    raise InvalidInput("open", [Problem("--as", what, advice)])
