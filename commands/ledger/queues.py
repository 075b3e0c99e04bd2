"""`fleetforge queues`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeVar

import click

from commands.output import duration, json_option, moment, print_json, print_rows
from commands.session import open_ledger, publisher
from errors import InvalidInput, Problem
from events.bus import deliver
from storage import database
from storage.ledger import outbox
from storage.ledger import queues as stored
from storage.ledger.queues import QueueState

F = TypeVar("F", bound=Callable[..., Any])

COLUMNS = ("name", "state", "limit", "priority", "due", "running", "oldest", "changed")


def _queue_argument(function: F) -> F:
    return click.argument("name", metavar="QUEUE")(function)


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def queues(ctx: click.Context, as_json: bool) -> None:
    """List, pause, resume and limit queues; settings apply to the workers of all hosts.

    \b
    Examples:
      fleetforge queues
      fleetforge queues pause train
      fleetforge queues limit train 2
    """
    if ctx.invoked_subcommand is not None:
        return
    open_ledger(create=True)
    found = {name: QueueState(name) for name in _declared()} | stored.states()
    rows = [asdict(queue) for _, queue in sorted(found.items())]
    if as_json:
        print_json(rows)
        return
    now = database.clock_ms()
    print_rows([row | _words(row, now) for row in rows], COLUMNS, "no queues")


def _words(row: dict[str, Any], now: int) -> dict[str, str]:
    paused, oldest = row["paused_at"], row["oldest_due_at"]
    return {
        "state": f"paused since {moment(paused)}" if paused is not None else "open",
        "limit": "none" if row["concurrency"] is None else str(row["concurrency"]),
        "changed": "" if row["changed_at"] is None else _change(row),
        "oldest": "" if oldest is None else f"waits {duration((now - oldest) / 1000)}",
    }


def _change(row: dict[str, Any]) -> str:
    return f"{moment(row['changed_at'])} by {row['changed_by']}"


@queues.command()
@_queue_argument
@json_option
def pause(name: str, as_json: bool) -> None:
    """Pause a queue: no job of it starts; running jobs continue.

    \b
    Example:
      fleetforge queues pause train
    """
    open_ledger(create=True)
    stored.pause(_known(name), "cli")
    _say(name, "paused", as_json)


@queues.command()
@_queue_argument
@json_option
def resume(name: str, as_json: bool) -> None:
    """Open a paused queue; its waiting jobs start at once.

    \b
    Example:
      fleetforge queues resume train
    """
    _open_up(name, lambda: stored.resume(name, "cli"))
    _say(name, "open", as_json)


@queues.command()
@_queue_argument
@click.argument("jobs", metavar="N|none")
@json_option
def limit(name: str, jobs: str, as_json: bool) -> None:
    """Limit how many jobs of a queue run at once, on all hosts together.

    \b
    Examples:
      fleetforge queues limit train 2
      fleetforge queues limit train none
    """
    if jobs != "none" and not (jobs.isascii() and jobs.isdigit() and 0 < int(jobs) < 2**31):
        advice = "write a whole number from 1, or none; to stop a queue: fleetforge queues pause"
        raise InvalidInput("limit", [Problem("N", f"not a limit: '{jobs}'", advice)])
    concurrency = None if jobs == "none" else int(jobs)
    _open_up(name, lambda: stored.limit(name, concurrency, "cli"))
    _say(name, f"limit {jobs}", as_json)


@queues.command()
@_queue_argument
@click.argument("priority", type=click.IntRange(-1000, 1000))
@json_option
def prefer(name: str, priority: int, as_json: bool) -> None:
    """Set a queue's priority: workers take jobs from the highest priority first.

    \b
    Examples:
      fleetforge queues prefer default 10
      fleetforge queues prefer train -- -5
    """
    open_ledger(create=True)
    stored.prefer(_known(name), priority, "cli")
    _say(name, f"priority {priority}", as_json)


def _open_up(name: str, change: Callable[[], None]) -> None:
    """Make a change that may allow jobs to start, and send those jobs."""
    settings = open_ledger(create=True)
    _known(name)
    change()
    deliver(outbox.take_unsent(stored.states()), publisher(settings))


def _known(name: str) -> str:
    declared = _declared()
    if name not in declared:
        advice = f"write {', '.join(declared)}"
        raise InvalidInput("queues", [Problem("QUEUE", f"no queue '{name}'", advice)])
    return name


def _declared() -> list[str]:
    import actors  # noqa: F401  # declares the stages
    from actors.stage import queues as declared

    return declared()


def _say(name: str, state: str, as_json: bool) -> None:
    if as_json:
        print_json(asdict(stored.states().get(name, QueueState(name))))
    else:
        click.echo(f"{name}: {state}")
