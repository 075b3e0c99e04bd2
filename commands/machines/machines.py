"""`fleetforge machines`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import click

from commands.output import json_option, moment, print_json, print_rows
from commands.session import open_ledger
from storage.artifacts import registry
from storage.artifacts.store import open_store
from storage.ledger.chain_status import ONBOARDING
from storage.operations import control
from storage.queries import events as event_queries
from storage.queries import machines as machine_queries
from storage.status import MachineStatus

COLUMNS = ("machine_id", "machine_type", "manufacturer", "model", "stage", "status")


@click.group()
def machines() -> None:
    """List, show and delete machines."""


@machines.command("list")
@json_option
def list_machines(as_json: bool) -> None:
    """List all machines with their stage and status.

    \b
    Example:
      fleetforge machines list --json
    """
    open_ledger()
    found = machine_queries.machines()
    if as_json:
        print_json([vars(one) for one in found])
        return
    rows = [vars(one) | {"status": one.label} for one in found]
    print_rows(rows, COLUMNS, "no machines yet; start with: fleetforge onboard --help")


@machines.command()
@click.argument("machine_id", metavar="MACHINE")
@json_option
def show(machine_id: str, as_json: bool) -> None:
    """Show a machine's profile, status, events and files.

    \b
    Example:
      fleetforge machines show motor_siemens_1la7_001
    """
    settings = open_ledger()
    where = machine_queries.machine(machine_id)
    profile = machine_queries.profile_of(machine_id)
    store = open_store(settings.artifact_root, settings.home)
    files = [
        {"key": file.key, "size": file.size, "sha256": file.sha256, "verdict": file.verdict or ""}
        | {"address": store.address(file.key)}
        for file in registry.of_machine(machine_id).values()
    ]
    events = event_queries.events(machine_id=machine_id)
    chains = machine_queries.chains(machine_id)
    if as_json:
        print_json(
            vars(where)
            | {"profile": json.loads(profile[0]) if profile else None}
            | {"chains": [asdict(chain) for chain in chains]}
            | {"files": files, "events": [asdict(event) for event in events]}
        )
        return
    click.echo(f"{machine_id}: {where.manufacturer} {where.model}, {where.category}")
    click.echo(f"{where.stage or ''} {where.label} since {moment(where.since)}")
    if where.error_message and where.status is not MachineStatus.ONBOARDED:
        click.echo(f"error: {where.error_message}")
    for chain in chains:
        if chain.chain != ONBOARDING:
            click.echo(f"{chain.chain}: {chain.stage} {chain.status}")
    for event in events:
        click.echo(f"  {moment(event.occurred_at)}  #{event.id}  {event.type}")
    print_rows(files, ("size", "verdict", "address"), "no files yet")


@machines.command()
@click.argument("machine_id", metavar="MACHINE")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def delete(machine_id: str, yes: bool, as_json: bool) -> None:
    """Delete a machine: cancel its jobs, and delete its rows and files.

    \b
    Example:
      fleetforge machines delete pump_7 --yes
    """
    settings = open_ledger()
    machine_queries.machine(machine_id)
    if not yes and not click.confirm(f"Delete {machine_id} with all its files?", err=True):
        sys.exit(1)
    store = open_store(settings.artifact_root, settings.home)
    keys = control.remove_machine(machine_id, store)
    if as_json:
        print_json({"machine_id": machine_id, "deleted_files": keys})
    else:
        click.echo(f"{machine_id}: deleted, {len(keys)} files")
