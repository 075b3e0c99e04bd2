"""`fleetforge status`."""

from __future__ import annotations

import click

from commands.output import json_option, moment, print_json, print_rows, print_screen, repeat
from commands.session import open_ledger
from storage.queries import machines
from storage.status import MachineStatus

#: On a screen that is too small for all machines, those that somebody has to look at come first.
_WATCHED = [
    MachineStatus.FAILED,
    MachineStatus.STALE,
    MachineStatus.RUNNING,
    MachineStatus.PENDING,
    MachineStatus.CREATED,
    MachineStatus.CANCELLED,
    MachineStatus.SUCCESS,
    MachineStatus.ONBOARDED,
]

COLUMNS = ("machine_id", "stage", "status", "progress", "message", "since")


@click.command()
@click.argument("machine_id", required=False, metavar="[MACHINE]")
@click.option("--watch", is_flag=True, help="Show again every second.")
@json_option
def status(machine_id: str | None, watch: bool, as_json: bool) -> None:
    """Show the status of all machines, or of one.

    With --watch, machines that failed or run come first, as many as the terminal has lines.

    \b
    Examples:
      fleetforge status
      fleetforge status motor_siemens_1la7_001 --json
    """
    open_ledger()

    def show() -> None:
        found = [machines.machine(machine_id)] if machine_id else machines.machines()
        if as_json:
            print_json([vars(one) for one in found])
            return
        rows = [
            vars(one)
            | {
                "status": one.label,
                "since": moment(one.since),
                "progress": f"{one.progress} %",
                "message": one.error_message if one.status is MachineStatus.FAILED else one.message,
            }
            for one in found
        ]
        empty = "no machines yet; start with: fleetforge onboard --help"
        if watch:
            rows.sort(key=lambda row: _WATCHED.index(row["status"].partition(",")[0]))
            print_screen(rows, COLUMNS, empty, by="status")
        else:
            print_rows(rows, COLUMNS, empty)

    if watch:
        repeat(show)
    else:
        show()
