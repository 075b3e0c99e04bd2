"""`fleetforge publish`."""

from __future__ import annotations

import json
from typing import Any

import click
from pydantic import ValidationError

from commands.output import json_option, print_json
from commands.session import open_ledger, publisher
from errors import InvalidInput, Problem
from events.bus import request
from events.manual import last_plan, model_of_newest_sets
from events.plan import Plan
from events.vocabulary import (
    EVENT_TYPES,
    AssessmentRequested,
    Event,
    GenerationRequested,
    MachineCreated,
    MachineOnboarded,
    ModelTrained,
    Request,
    RetrainRequested,
    RunDataSubmitted,
    SeedReady,
    SeedRequested,
    SyntheticDataReady,
    TrainingRequested,
)
from storage.queries import machines

REQUESTS: dict[str, type[Event]] = {
    name: kind for name, kind in EVENT_TYPES.items() if issubclass(kind, Request)
}

#: Facts that could be published by hand in version 0.1, and the request that does the same.
INSTEAD_OF: dict[str, type[Event]] = {
    MachineCreated.__name__: SeedRequested,
    SeedReady.__name__: TrainingRequested,
    RetrainRequested.__name__: TrainingRequested,
    ModelTrained.__name__: GenerationRequested,
}

#: How to get other facts.
_LEADS_TO = {
    RunDataSubmitted.__name__: "import data: fleetforge seed import",
    SyntheticDataReady.__name__: f"publish {GenerationRequested.__name__}",
    MachineOnboarded.__name__: f"publish {AssessmentRequested.__name__}",
}


@click.command()
@click.argument("event", type=click.Choice(list(EVENT_TYPES)), metavar="REQUEST")
@click.option("--machine", "machine_id", required=True, metavar="ID")
@click.option("--data", default="{}", metavar="JSON", help="Fields of the request.")
@json_option
def publish(event: str, machine_id: str, data: str, as_json: bool) -> None:
    """Publish a request by hand; every stage that reacts to it runs.

    REQUEST is SeedRequested, TrainingRequested, GenerationRequested, AssessmentRequested or
    PredictorRequested. Fields that --data does not contain keep the values of the machine's
    onboarding.

    \b
    Examples:
      fleetforge publish TrainingRequested --machine pump_7 --data '{"epochs": 600}'
      fleetforge publish GenerationRequested --machine pump_7     (from the newest model)
    """
    requested = _request_type(event)
    settings = open_ledger()
    machines.machine(machine_id)
    written = request(_read(requested, machine_id, data), publisher(settings), "cli")
    jobs = [job.job_id for job in written.jobs]
    name = requested.__name__
    if as_json:
        print_json({"event_id": written.event_id, "type": name, "jobs": jobs})
        return
    if name != event:
        click.echo(f"{event} reports a fact; {name} is the request that does the same")
    click.echo(f"{name} #{written.event_id} published; jobs {jobs or 'none'}")


def _request_type(event: str) -> type[Event]:
    if event in REQUESTS:
        return REQUESTS[event]
    if event in INSTEAD_OF:
        return INSTEAD_OF[event]
    what = f"{event} is a fact that Fleetforge records; it cannot be published by hand"
    advice = _LEADS_TO.get(event, f"publish one of {', '.join(REQUESTS)}")
    raise InvalidInput("publish", [Problem("", what, advice)])


def _read(requested: type[Event], machine_id: str, data: str) -> Event:
    try:
        fields = json.loads(data)
    except json.JSONDecodeError as error:
        advice = """write a JSON object such as '{"epochs": 600}'"""
        raise InvalidInput("--data", [Problem("", f"not JSON: {error}", advice)]) from None
    if not isinstance(fields, dict):
        raise InvalidInput("--data", [Problem("", "not a JSON object", "write {...}")])
    inherited: dict[str, Any] = last_plan(machine_id) if issubclass(requested, Plan) else {}
    if requested is AssessmentRequested:
        inherited["model_key"] = model_of_newest_sets(machine_id)
    try:
        return requested(**{**inherited, **fields, "machine_id": machine_id})
    except ValidationError as error:
        problems = [
            Problem(
                ".".join(map(str, e["loc"])), e["msg"], f"see the fields of {requested.__name__}"
            )
            for e in error.errors(include_url=False)
        ]
        raise InvalidInput("--data", problems) from None
