"""`fleetforge status`."""

from __future__ import annotations

import click

from commands.output import json_option, moment, print_json, print_rows, repeat
from commands.session import open_ledger
from storage.queries import machines
from storage.status import MachineStatus

COLUMNS = ("machine_id", "stage", "status", "progress", "message", "since")


@click.command()
@click.argument("machine_id", required=False, metavar="[MACHINE]")
@click.option("--watch", is_flag=True, help="Show again every second.")
@json_option
def status(machine_id: str | None, watch: bool, as_json: bool) -> None:
    """Show the status of all machines, or of one.

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
        print_rows(rows, COLUMNS, "no machines yet; start with: fleetforge onboard --help")

    if watch:
        repeat(show)
    else:
        show()
