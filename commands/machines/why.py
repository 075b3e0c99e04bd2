"""`fleetforge why`."""

from __future__ import annotations

import click

from commands.output import duration, json_option, moment, print_json
from commands.session import broker_answers, open_ledger
from events.explanation import Explanation, explain
from storage import database
from storage.queries.diagnosis import diagnose


@click.command()
@click.argument("machine_id", metavar="MACHINE")
@json_option
def why(machine_id: str, as_json: bool) -> None:
    """Explain a machine's status: its state, since when, what it waits for, and what to do.

    \b
    Example:
      fleetforge why motor_siemens_1la7_001
    """
    settings = open_ledger()
    answer = explain(diagnose(machine_id, lambda: broker_answers(settings)))
    if as_json:
        print_json(vars(answer))
        return
    age = duration((database.clock_ms() - answer.since) / 1000)
    click.echo(f"{answer.machine_id}: {answer.state}{_lateness(answer)}")
    click.echo(f"since: {moment(answer.since)} ({age})")
    if answer.waits_for:
        click.echo(f"waits for: {answer.waits_for}")
    if answer.advice:
        click.echo(f"to do: {answer.advice}")


def _lateness(answer: Explanation) -> str:
    if answer.waited_seconds is None or answer.expected_seconds is None:
        return ""
    waited, expected = duration(answer.waited_seconds), duration(answer.expected_seconds)
    return f": {waited}, expected within {expected}"
