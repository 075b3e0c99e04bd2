"""`fleetforge readings`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from commands.output import json_option, print_json
from commands.session import open_ledger, publisher
from commands.units.listening import listen
from commands.units.periods import since_option, to_ms, until_option
from commands.units.table_files import Counted, format_of, output_option, write_table
from events.history import in_batches, readings_of_unit
from events.telemetry import check, take_in
from GAN.profiles.profile import MachineProfile
from GAN.telemetry.export import reading_table
from GAN.telemetry.files import read_readings
from storage.artifacts.store import open_store
from storage.queries import machines
from storage.telemetry import history

_machine_option = click.option(
    "--machine", "machine_id", metavar="ID", help="The machine of rows that name none."
)
_file_argument = click.argument("files", metavar="FILE...", nargs=-1, required=True, type=Path)


@click.group()
def readings() -> None:
    """Send, check, export and listen to readings of units.

    A FILE to send is .csv, .parquet, .json or .ndjson, with columns `machine`, `unit` and `at` and
    one for each sensor. `at` is a time such as 2026-01-31T12:00:00Z, or milliseconds since 1970.
    Without `unit`, all rows are of unit 1.
    """


readings.add_command(listen)


@readings.command()
@_file_argument
@_machine_option
@json_option
def send(files: tuple[Path, ...], machine_id: str | None, as_json: bool) -> None:
    """Take readings in; predictions follow. The same readings again change nothing.

    \b
    Example:
      fleetforge readings send readings.csv --machine motor_siemens_1la7_001
    """
    settings = open_ledger()
    publish = publisher(settings)
    answers = []
    for path in files:
        taken = take_in(
            read_readings(path),
            publish,
            actor="cli",
            machine_id=machine_id,
            source=path.name,
            max_units=settings.max_units,
        )
        answers.append({"file": str(path), **asdict(taken)})
        if as_json:
            continue
        click.echo(
            f"{path}: {taken.taken:,} taken, {taken.known:,} known, {taken.late:,} late, "
            f"{taken.refused:,} refused"
        )
        for problem in taken.problems:
            click.echo(f"  {problem}", err=True)
    if as_json:
        print_json(answers)


@readings.command("check")
@_file_argument
@_machine_option
@json_option
def check_files(files: tuple[Path, ...], machine_id: str | None, as_json: bool) -> None:
    """Check readings and write nothing.

    \b
    Example:
      fleetforge readings check readings.csv --machine motor_siemens_1la7_001
    """
    open_ledger()
    answers = []
    for path in files:
        good, problems = check(read_readings(path), machine_id, path.name)
        answers.append(
            {"file": str(path), "good": good, "problems": [asdict(one) for one in problems]}
        )
        if as_json:
            continue
        click.echo(f"{path}: {good:,} rows are good")
        for problem in problems:
            click.echo(f"  {problem}", err=True)
    if as_json:
        print_json(answers)


@readings.command()
@click.argument("machine_id", metavar="MACHINE")
@click.argument("unit", default="1")
@output_option
@since_option
@until_option
@json_option
def export(
    machine_id: str,
    unit: str,
    path: Path,
    since: datetime | None,
    until: datetime | None,
    as_json: bool,
) -> None:
    """Write the readings that a unit has sent to a file, the oldest first.

    \b
    Examples:
      fleetforge readings export motor_siemens_1la7_001 -o readings.parquet
      fleetforge readings export motor_siemens_1la7_001 7 -o readings.csv --since 2026-01-31
    """
    format_of(path)
    settings = open_ledger()
    machines.machine(machine_id)
    found = machines.profile_of(machine_id)
    assert found is not None
    profile = MachineProfile.model_validate_json(found[0])
    store = open_store(settings.artifact_root, settings.home)
    history.history_of(machine_id, unit)  # Refused before the file is begun.
    found_rows = readings_of_unit(profile, unit, store, since=to_ms(since), until=to_ms(until))
    rows = Counted(in_batches(found_rows))
    write_table(reading_table(profile, unit, rows), path)
    if as_json:
        print_json({"file": str(path), "rows": rows.rows})
    else:
        click.echo(f"{path}: {rows.rows:,} rows")
