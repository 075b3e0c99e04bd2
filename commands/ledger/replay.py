"""`fleetforge replay`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click
from pydantic import ValidationError

from commands.output import json_option, print_json
from commands.session import open_ledger, publisher
from errors import InvalidInput, Problem
from events import bus
from events.vocabulary import EVENT_TYPES, read_event
from storage.queries import events
from storage.queries.events import EventRow

#: An edge of the graph: the event that a stage reacts to, the stage, an event that it publishes.
Edge = tuple[str, str, str]


@click.command()
@click.option(
    "--from",
    "event_id",
    type=click.IntRange(1, 2**31 - 1),
    required=True,
    metavar="EVENT_ID",
    help="The event; see: fleetforge events.",
)
@click.option("--dry-run", is_flag=True, help="List what would run, and write nothing.")
@json_option
def replay(event_id: int, dry_run: bool, as_json: bool) -> None:
    """Publish a past event again.

    The copy gets a new correlation id. The stages that react to it run, then the stages that react
    to their events.

    \b
    Examples:
      fleetforge replay --from 7 --dry-run
      fleetforge replay --from 7
    """
    settings = open_ledger()
    past = events.event(event_id)
    _insist_on_readable(past)
    import actors  # noqa: F401  # declares the stages
    from actors.graph import edges

    at_once, afterwards = consequences(past.type, list(edges()))
    if not as_json:
        _say(past, at_once, afterwards)
    new_id, jobs = None, []
    if at_once and not dry_run:
        written = bus.replay(event_id, publisher(settings), "cli")
        new_id, jobs = written.event_id, [job.job_id for job in written.jobs]
    if as_json:
        runs = {"runs": at_once, "then": afterwards}
        print_json({"replayed": event_id, "event_id": new_id, "jobs": jobs} | runs)
    elif new_id is not None:
        click.echo(f"{past.type} #{new_id} published; jobs {jobs}")
    sys.exit(0 if at_once else 1)


def consequences(event_type: str, edges: Sequence[Edge]) -> tuple[list[str], list[str]]:
    """The stages that react to an event, and those that react to later events; each once."""
    at_once: list[str] = []
    afterwards: list[str] = []
    happens = [event_type]
    for event in happens:  # It grows during the loop.
        for before, stage, after in edges:
            if before != event:
                continue
            if stage not in at_once + afterwards:
                (at_once if event == event_type else afterwards).append(stage)
            if after not in happens:
                happens.append(after)
    return at_once, afterwards


def _insist_on_readable(past: EventRow) -> None:
    """Refuse an event that the stages of this version could not read."""
    source = f"event {past.id}"
    if past.type not in EVENT_TYPES:
        what = f"this version knows no event '{past.type}'"
        advice = "replay it with the version that wrote it"
        raise InvalidInput(source, [Problem("", what, advice)])
    try:
        read_event(past.type, past.machine_id, past.payload)
    except ValidationError as error:
        advice = "publish a request instead; see: fleetforge publish --help"
        problems = [
            Problem(".".join(map(str, e["loc"])), e["msg"], advice)
            for e in error.errors(include_url=False)
        ]
        raise InvalidInput(source, problems) from None


def _say(past: EventRow, at_once: list[str], afterwards: list[str]) -> None:
    event = f"{past.type} #{past.id} of {past.machine_id}"
    if not at_once:
        click.echo(f"{event}: no stage reacts to it; nothing to replay")
        return
    click.echo(f"{event} runs {', '.join(at_once)}")
    if afterwards:
        click.echo(f"  then {', '.join(afterwards)}")
