"""`fleetforge publish`."""

from __future__ import annotations

import json
from typing import Any

import click
from pydantic import ValidationError

from commands.output import json_option, print_json
from commands.session import open_ledger, publisher
from errors import InvalidInput, Problem
from events.bus import announce
from events.manual import last_plan
from events.vocabulary import EVENT_TYPES, Event, Plan
from storage.queries import machines


@click.command()
@click.argument("event", type=click.Choice(list(EVENT_TYPES)))
@click.option("--machine", "machine_id", required=True, metavar="ID")
@click.option("--data", default="{}", metavar="JSON", help="Fields of the event.")
@json_option
def publish(event: str, machine_id: str, data: str, as_json: bool) -> None:
    """Publish an event by hand: every stage that reacts to it runs.

    Fields that --data leaves out are those of the machine's last event.

    \b
    Examples:
      fleetforge publish RetrainRequested --machine pump_7 --data '{"epochs": 600}'
      fleetforge publish ModelTrained --machine pump_7     (generate again from the newest model)
    """
    settings = open_ledger()
    machines.machine(machine_id)
    written = announce(_event(event, machine_id, data), publisher(settings))
    jobs = [job.job_id for job in written.jobs]
    if as_json:
        print_json({"event_id": written.event_id, "jobs": jobs})
        return
    click.echo(f"{event} #{written.event_id} published; jobs {jobs or 'none'}")


def _event(name: str, machine_id: str, data: str) -> Event:
    try:
        fields = json.loads(data)
    except json.JSONDecodeError as error:
        advice = """write a JSON object such as '{"epochs": 600}'"""
        raise InvalidInput("--data", [Problem("", f"not JSON: {error}", advice)]) from None
    if not isinstance(fields, dict):
        raise InvalidInput("--data", [Problem("", "not a JSON object", "write {...}")])
    event_type = EVENT_TYPES[name]
    inherited: dict[str, Any] = last_plan(machine_id) if issubclass(event_type, Plan) else {}
    try:
        return event_type(**{**inherited, **fields, "machine_id": machine_id})
    except ValidationError as error:
        problems = [
            Problem(".".join(map(str, e["loc"])), e["msg"], f"see the fields of {name}")
            for e in error.errors(include_url=False)
        ]
        raise InvalidInput("--data", problems) from None
