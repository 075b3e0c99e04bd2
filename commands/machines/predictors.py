"""`fleetforge predictors`."""

from __future__ import annotations

from dataclasses import asdict

import click

from commands.output import duration, json_option, moment, print_json, print_rows
from commands.session import open_ledger, publisher
from events.bus import deliver, request
from events.predictors import choose
from events.vocabulary import PredictorRequested
from GAN.config.limits import MAX_RANDOM_SEED, MIN_RANDOM_SEED
from storage.artifacts.store import open_store
from storage.queries import machines
from storage.queries import predictors as stored
from storage.queries.predictors import PredictorRow

COLUMNS = ("machine_id", "version", "live", "learnt_from", "units", "trained", "note")


@click.group()
def predictors() -> None:
    """List, show, train and choose predictors of failures."""


@predictors.command("list")
@click.argument("machine_id", metavar="[MACHINE]", required=False)
@json_option
def list_predictors(machine_id: str | None, as_json: bool) -> None:
    """List the live predictor of every machine, or all versions of one machine.

    \b
    Examples:
      fleetforge predictors list
      fleetforge predictors list motor_siemens_1la7_001
    """
    open_ledger()
    if machine_id is not None:
        machines.machine(machine_id)
    found = stored.predictors(machine_id)
    if as_json:
        print_json([asdict(one) for one in found])
        return
    print_rows(
        [asdict(one) | _words(one) for one in found],
        COLUMNS,
        "no predictors yet; a machine gets one when it has been onboarded",
    )


def _words(one: PredictorRow) -> dict[str, str]:
    return {
        "live": "yes" if one.live else "no",
        "trained": moment(one.created_at),
        "note": "; ".join(filter(None, (one.no_forecast, one.note))),
    }


@predictors.command()
@click.argument("machine_id", metavar="MACHINE")
@click.argument("version", type=int, required=False)
@json_option
def show(machine_id: str, version: int | None, as_json: bool) -> None:
    """Show a version: what it learnt from, and its scores; without VERSION, the live one.

    \b
    Example:
      fleetforge predictors show motor_siemens_1la7_001
    """
    settings = open_ledger()
    machines.machine(machine_id)
    found = stored.predictor(machine_id, version)
    address = open_store(settings.artifact_root, settings.home).address(found.key)
    if as_json:
        print_json(asdict(found) | {"address": address})
        return
    state = "live" if found.live else "not live"
    click.echo(f"{machine_id}: predictor version {found.version}, {state}")
    for text in filter(None, (found.note, found.no_forecast)):
        click.echo(f"  {text}")
    click.echo(f"learnt from {found.units} units: {found.learnt_from}")
    click.echo(f"trained {moment(found.created_at)}, {duration(found.training_time_seconds)}")
    scores = [{"metric": name, "value": f"{value:.4g}"} for name, value in found.scores.items()]
    print_rows(scores, ("metric", "value"), "no scores")
    click.echo(address)


@predictors.command()
@click.argument("machine_ids", metavar="MACHINE...", nargs=-1, required=True)
@click.option(
    "--seed",
    type=click.IntRange(MIN_RANDOM_SEED, MAX_RANDOM_SEED),
    default=0,
    show_default=True,
    help="Random seed: equal seeds give equal predictors.",
)
@json_option
def train(machine_ids: tuple[str, ...], seed: int, as_json: bool) -> None:
    """Train a new version for onboarded machines.

    It becomes live if it is about as good as the live one.

    \b
    Example:
      fleetforge predictors train motor_siemens_1la7_001
    """
    settings = open_ledger()
    for machine_id in machine_ids:
        machines.machine(machine_id)
    send = publisher(settings)
    jobs = {
        machine_id: request(PredictorRequested(machine_id=machine_id, seed=seed), send, "cli")
        .jobs[0]
        .job_id
        for machine_id in machine_ids
    }
    if as_json:
        print_json([{"machine_id": machine_id, "job": job} for machine_id, job in jobs.items()])
        return
    for machine_id, job in jobs.items():
        click.echo(f"{machine_id}: job {job}")


@predictors.command()
@click.argument("machine_id", metavar="MACHINE")
@click.argument("version", type=int)
@json_option
def use(machine_id: str, version: int, as_json: bool) -> None:
    """Make a version live; all units of the machine are predicted by it.

    \b
    Example:
      fleetforge predictors use motor_siemens_1la7_001 1
    """
    settings = open_ledger()
    machines.machine(machine_id)
    send = publisher(settings)
    deliver(choose(machine_id, version, "cli"), send)
    if as_json:
        print_json({"machine_id": machine_id, "version": version, "live": True})
    else:
        click.echo(f"{machine_id}: version {version} is live")
