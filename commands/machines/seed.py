"""`fleetforge seed`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from commands.machines.planning import plan_options, say_when_it_starts, wait_for
from commands.machines.seed_report import Prepared, say_what_came_out, show_columns, summary
from commands.output import json_option, print_json
from commands.session import open_ledger, publisher
from errors import FleetforgeError, InvalidInput, Problem
from events.plan import Plan, Samples
from GAN.config.limits import MAX_PHYSICS_SHARE, MIN_PHYSICS_SHARE
from storage.ledger import workers
from storage.queries import machines
from storage.settings import Settings

if TYPE_CHECKING:
    from GAN.importing.columns import Chosen
    from GAN.profiles.profile import MachineProfile


@click.group()
def seed() -> None:
    """Start a chain from your own run-to-failure data."""


@seed.command("import")
@click.argument("machine_id", metavar="MACHINE")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--unit-column", metavar="COLUMN", help="The unit of a row.")
@click.option("--time-column", metavar="COLUMN", help="Its time: hours, cycles, or dates.")
@click.option("--rul-column", metavar="COLUMN", help="Its RUL; if absent, computed from the time.")
@click.option("--mode-column", metavar="COLUMN", help="The failure mode of the unit.")
@click.option(
    "--censored-column", metavar="COLUMN", help="Whether the unit was removed before it failed."
)
@click.option("--failure-mode", metavar="NAME", help="The failure mode of all units.")
@click.option(
    "--mapping",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="YAML or JSON: `sensor: column`, or `sensor: {column: ..., unit: ...}`.",
)
@click.option(
    "--physics-share",
    type=click.FloatRange(MIN_PHYSICS_SHARE, MAX_PHYSICS_SHARE),
    default=0.0,
    show_default=True,
    help="Share of the seed's rows that is simulated from the profile.",
)
@plan_options
@click.option("--dry-run", is_flag=True, help="Show and check the columns; write nothing.")
@click.option("--yes", is_flag=True, help="Accept guessed columns without asking.")
@json_option
def import_(
    machine_id: str,
    file: Path,
    unit_column: str | None,
    time_column: str | None,
    rul_column: str | None,
    mode_column: str | None,
    censored_column: str | None,
    failure_mode: str | None,
    mapping: Path | None,
    physics_share: float,
    epochs: int,
    samples: Samples,
    seed: int,
    wait: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Turn real run-to-failure data into the seed of MACHINE and start its chain.

    FILE is CSV or Parquet, a row for each unit and time. The sensors of a machine that is known,
    or of the fleet, are looked for by name; a new machine gets a profile derived from the file.
    Columns that are not named are guessed, and shown before anything is written. If the file has no
    column for an option, write `none`.

    \b
    Examples:
      fleetforge seed import pump_7 runs.csv --dry-run
      fleetforge seed import pump_7 runs.csv --unit-column engine --time-column cycle --yes
      fleetforge seed import pump_ksb_etanorm_006 runs.parquet --mapping columns.yaml
      fleetforge seed import turbofan_9 fd001.csv --physics-share 0.3 --yes --wait
    """
    settings = open_ledger(create=True)
    named = {
        "unit_id": unit_column,
        "cycle_hour": time_column,
        "rul_hours": rul_column,
        "failure_mode": _mode_column(mode_column, failure_mode),
        **_censoring(censored_column),
    }
    given = {role: column for role, column in named.items() if column is not None}
    sha256 = _sha256(file)
    prepared = _prepare(machine_id, file, given, mapping, failure_mode, as_json=as_json)
    report = summary(prepared, physics_share)
    if not as_json:
        say_what_came_out(prepared, report)
    if dry_run:
        if as_json:
            print_json(report | {"dry_run": True})
        return
    _agree_on_guesses(prepared.chosen, yes=yes, as_json=as_json)
    plan = Plan(epochs=epochs, samples=samples, seed=seed)
    started = _start(settings, prepared, file, sha256, plan, failure_mode, physics_share)
    if wait:
        wait_for(settings, [machine_id], as_json=as_json)
    if as_json:
        print_json(report | started | {"dry_run": False, "workers_alive": len(workers.alive())})
        return
    click.echo(f"{machine_id}: data registered, event #{started['event_id']}")
    say_when_it_starts(started["delivered"])


def _mode_column(column: str | None, mode: str | None) -> str | None:
    """The column with the failure mode: none, if the user gives one mode for all units."""
    from GAN.importing.columns import NO_COLUMN

    if mode is None:
        return column
    if column not in (None, NO_COLUMN):
        what = "--failure-mode is for all units, and --mode-column for each"
        raise InvalidInput("seed import", [Problem("", what, "leave out one of the two")])
    return NO_COLUMN


def _censoring(column: str | None) -> Mapping[str, str | None]:
    """The roles of a column that shows how lives ended; its name decides what true means."""
    from GAN.importing.columns import NO_COLUMN, ROLES, plain_name

    if column is None or column == NO_COLUMN:
        return {"censored": column, "failed": column}
    role = "failed" if plain_name(column) in ROLES["failed"] else "censored"
    return {"censored": NO_COLUMN, "failed": NO_COLUMN} | {role: column}


def _sha256(file: Path) -> str:
    from storage.artifacts.store import sha256_of

    return sha256_of(file) if file.is_file() else ""  # Then reading it raises the error.


def _prepare(
    machine_id: str,
    file: Path,
    options: Mapping[str, str],
    mapping_file: Path | None,
    failure_mode: str | None,
    *,
    as_json: bool,
) -> Prepared:
    """Read and check the file; show the columns even if the file is invalid."""
    from GAN.importing.columns import choose_columns, unit_problems
    from GAN.importing.conversion import convert_runs
    from GAN.importing.files import ColumnMapping, read_mapping, read_runs
    from GAN.importing.profile_inference import derive_profile

    there = machines.profile_of(machine_id)
    profile = _known_profile(machine_id, there)
    mapping = ColumnMapping() if mapping_file is None else read_mapping(mapping_file)
    table = read_runs(file)
    chosen = choose_columns(table, {**mapping.columns, **options}, profile)
    if not as_json:
        show_columns(chosen, profile, mapping.units)
    known = [*chosen.problems]
    known += _id_problems(machine_id) if profile is None else unit_problems(mapping.units, profile)
    runs = convert_runs(table, chosen.columns, str(file), profile, failure_mode, known)
    is_new = profile is None
    if profile is None:
        profile = derive_profile(machine_id, runs, mapping.units, str(file))
    sha256 = profile.sha256 if there is None else there[1]
    return Prepared(profile, sha256, is_new, chosen, runs, len(table))


def _known_profile(machine_id: str, there: tuple[str, str] | None) -> MachineProfile | None:
    """The profile in the ledger, or else in the fleet; None for a new machine."""
    from GAN.profiles.catalogue import fleet_ids, fleet_profile
    from GAN.profiles.profile import MachineProfile

    if there is not None:
        return MachineProfile.model_validate_json(there[0])
    return fleet_profile(machine_id) if machine_id in fleet_ids() else None


def _id_problems(machine_id: str) -> Iterator[Problem]:
    from GAN.profiles.profile import MACHINE_ID_PATTERN

    if not re.fullmatch(MACHINE_ID_PATTERN, machine_id) or not 3 <= len(machine_id) <= 100:
        advice = "use 3 to 100 lower-case letters, digits and single underscores, such as pump_7"
        yield Problem("MACHINE", f"{machine_id[:60]!r} is no machine id", advice)


def _agree_on_guesses(chosen: Chosen, *, yes: bool, as_json: bool) -> None:
    guessed = [choice.name for choice in chosen.choices if choice.guessed]
    if yes or not guessed:
        return
    if as_json or not sys.stdin.isatty():
        what = f"{len(guessed)} columns are guessed: {', '.join(guessed)}"
        advice = "look at them with --dry-run, then name them or add --yes"
        raise InvalidInput("seed import", [Problem("", what, advice)])
    if not click.confirm(f"Continue with {len(guessed)} guessed columns?", err=True):
        sys.exit(1)


def _start(
    settings: Settings,
    prepared: Prepared,
    file: Path,
    sha256: str,
    plan: Plan,
    failure_mode: str | None,
    physics_share: float,
) -> dict[str, Any]:
    """Store the file and publish RunDataSubmitted."""
    from events.onboarding import new_machine, register_run_data
    from events.vocabulary import RunDataSubmitted
    from storage.artifacts.store import open_store, submission_key

    machine_id = prepared.profile.machine_id
    store = open_store(settings.artifact_root, settings.home)
    key = submission_key(machine_id, file.suffix.lower())
    try:
        store.submit(file, key)
    except OSError as error:
        raise FleetforgeError(f"{store}: {error}") from error
    if _sha256(file) != sha256:
        store.delete(key)
        what = "the file changed while it was read"
        advice = "try again once it is completely written"
        raise InvalidInput(str(file), [Problem("", what, advice)])
    columns = prepared.chosen.columns
    event = RunDataSubmitted(
        machine_id=machine_id,
        **plan.plan(),
        file_key=key,
        file_sha256=sha256,
        roles=dict(columns.roles),
        sensors=dict(columns.sensors),
        failure_mode=failure_mode,
        physics_share=physics_share,
    )
    machine = replace(new_machine(str(file), prepared.profile), sha256=prepared.sha256)
    registered = register_run_data(machine, event, publisher(settings), actor="cli")
    return asdict(registered)
