"""`fleetforge onboard`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from commands.machines.planning import plan_options, say_when_it_starts, wait_for
from commands.output import json_option, print_json
from commands.session import open_ledger, publisher
from errors import FleetforgeError, InvalidInput, InvalidProfile, Problem
from events.onboarding import NewMachine, Registered, new_machine, register
from events.plan import Plan, Samples
from GAN.config.limits import MAX_SEED_ROWS, MIN_SEED_ROWS
from GAN.config.tvae_config import DEFAULT_ROWS, production_expectations
from GAN.profiles.catalogue import fleet_ids, fleet_profile
from GAN.profiles.loading import SUFFIXES, is_profile_name, read_profile
from GAN.profiles.profile import MachineProfile
from storage.ledger import workers


@click.command()
@click.argument("targets", nargs=-1, metavar="TARGET...")
@click.option("--fleet", is_flag=True, help="All 32 machines of the fleet.")
@click.option(
    "--rows",
    type=click.IntRange(MIN_SEED_ROWS, MAX_SEED_ROWS),
    default=DEFAULT_ROWS,
    show_default=True,
    help="Rows of the physics seed.",
)
@plan_options
@json_option
def onboard(
    targets: tuple[str, ...],
    fleet: bool,
    epochs: int,
    rows: int,
    samples: Samples,
    seed: int,
    wait: bool,
    as_json: bool,
) -> None:
    """Register machines and start their chains.

    TARGET is a profile file (.yaml, .yml, .json), a folder of them, or the id of a fleet
    machine. If one profile is invalid, no machine is registered. An unchanged profile that was
    registered before is not an error and starts nothing.

    With --wait and no worker alive, the embedded stack runs until the chain has ended.

    \b
    Examples:
      fleetforge onboard motor_siemens_1la7_001 --wait
      fleetforge onboard pump.yaml --epochs 500
      fleetforge onboard profiles/ --rows 20000 --samples 70000,15000,15000
      fleetforge onboard --fleet
    """
    machines = read_targets([*targets, *(fleet_ids() if fleet else [])])
    settings = open_ledger(create=True)
    plan = Plan(epochs=epochs, rows=rows, samples=samples, seed=seed)
    registered = register(machines, plan, publisher(settings), actor="cli")
    machine_ids = [machine.machine_id for machine in machines]
    if wait:
        if not as_json:
            _say(registered)
        wait_for(settings, machine_ids, as_json=as_json)
    if as_json:
        print_json(
            {
                "created": registered.created,
                "known": registered.known,
                "delivered": registered.delivered,
                "workers_alive": len(workers.alive()),
            }
        )
        return
    _say(registered)
    say_when_it_starts(registered.delivered)


def read_targets(targets: list[str]) -> list[NewMachine]:
    """Read every target.

    Raises:
        InvalidInput: Every problem of every target.
    """
    if not targets:
        advice = "name a profile file, a folder or a fleet id, or write --fleet"
        raise InvalidInput("onboard", [Problem("", "no TARGET", advice)])
    machines: dict[str, NewMachine] = {}
    complaints: list[FleetforgeError] = []
    for target in targets:
        try:
            sources = list(_sources(target))
        except InvalidProfile as error:
            complaints.append(error)
            continue
        for source in sources:
            try:
                machine = new_machine(str(source), _profile(source))
            except FleetforgeError as error:
                complaints.append(error)
                continue
            other = machines.setdefault(machine.machine_id, machine)
            if other.sha256 != machine.sha256:
                problem = Problem(
                    "machine_id",
                    f"'{machine.machine_id}' is also the id of {other.source}",
                    "give each machine its own id",
                )
                complaints.append(InvalidProfile(str(source), [problem]))
    if complaints:
        raise _Complaints("\n".join(str(complaint) for complaint in complaints))
    return list(machines.values())


class _Complaints(FleetforgeError):
    """The errors of several targets together."""

    exit_code = 2


def _sources(target: str) -> Iterator[Path | str]:
    if not target.strip():
        raise InvalidProfile("onboard", [Problem("", "an empty TARGET", "name a file or fleet id")])
    path = Path(target)
    if not _is_folder(path):
        yield path if path.suffix in SUFFIXES else target
        return
    found = sorted(entry for entry in path.iterdir() if is_profile_name(entry))
    if not found:
        advice = f"put profiles ({', '.join(SUFFIXES)}) there"
        raise InvalidProfile(target, [Problem("", "no profile in this folder", advice)])
    yield from found


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # The text is too long for a path.
        return False


def _profile(source: Path | str) -> MachineProfile:
    return read_profile(source) if isinstance(source, Path) else fleet_profile(source)


def _say(registered: Registered) -> None:
    for machine_id in registered.created:
        click.echo(f"{machine_id}: registered")
    if len(registered.created) > 1:
        expected = production_expectations(len(registered.created))
        click.echo(
            f"{len(registered.created)} machines: with default settings, expect {expected.minutes} "
            f"minutes of work, divided among the workers, and {expected.megabytes} MB of files"
        )
    for machine_id in registered.known:
        click.echo(f"{machine_id}: already registered with this profile; nothing started")
        click.echo(f"  to train again: fleetforge publish TrainingRequested --machine {machine_id}")
