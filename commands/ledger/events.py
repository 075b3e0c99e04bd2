"""`fleetforge events`."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import Any

import click

from commands.output import json_option, moment, print_json, shortened
from commands.session import open_ledger
from storage.queries import events as event_queries
from storage.queries import machines
from storage.queries.events import EventRow

_LOOK_SECONDS = 0.5
_LATECOMERS = 200
#: Characters of an event's line.
_LINE = 160


@click.command()
@click.option("--machine", "machine_id", metavar="ID")
@click.option("--follow", is_flag=True, help="Keep printing new events.")
@click.option("--all", "recurring", is_flag=True, help="Also those of each batch of readings.")
@json_option
def events(machine_id: str | None, follow: bool, recurring: bool, as_json: bool) -> None:
    """List events, oldest first; without --follow, the newest 1,000.

    Each event is a line of at most 160 characters; --json has all of it. With --follow and --json,
    each event is one line.

    \b
    Examples:
      fleetforge events --machine motor_siemens_1la7_001
      fleetforge events --follow
    """
    open_ledger()
    if machine_id is not None:
        machines.machine(machine_id)
    found = event_queries.events(machine_id=machine_id, recurring=recurring)
    if as_json and not follow:
        print_json([asdict(event) for event in found])
        return
    shown: set[int] = set()
    try:
        while True:
            for event in found:
                if event.id not in shown:
                    _print(event, as_json)
            shown |= {event.id for event in found}
            if not follow:
                return
            time.sleep(_LOOK_SECONDS)
            # An event gets its id before the commit, so a lower id may still appear.
            last = max(shown, default=0) - _LATECOMERS
            found = event_queries.events(machine_id=machine_id, after_id=last, recurring=recurring)
    except KeyboardInterrupt:
        return


def _print(event: EventRow, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(asdict(event), ensure_ascii=False))
        return
    line = f"{moment(event.occurred_at)}  #{event.id}  {event.type}  {event.machine_id}"
    click.echo(shortened(f"{line}  {_facts(event.payload)}", _LINE))


def _facts(payload: dict[str, Any]) -> str:
    """The payload's numbers and words; --json has what else there is, such as the loss history."""
    found = {key: _fact(value) for key, value in payload.items()}
    return " ".join(f"{key}={text}" for key, text in found.items() if text)


def _fact(value: object) -> str:
    """A number, a word or a few of them; empty for anything else."""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ",".join(value)
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value) if isinstance(value, (int, str)) else ""
