"""`fleetforge jobs`."""

from __future__ import annotations

import sys

import click

from commands.output import json_option, moment, print_json, print_rows
from commands.session import open_ledger, publisher
from events.bus import deliver
from storage import control, standing

STATUSES = ("pending", "running", "success", "failed", "cancelled")
COLUMNS = ("id", "machine_id", "stage", "status", "progress", "attempts", "crashes", "created")


@click.group(invoke_without_command=True)
@click.option("--status", type=click.Choice(STATUSES))
@click.option("--machine", "machine_id", metavar="ID")
@json_option
@click.pass_context
def jobs(ctx: click.Context, status: str | None, machine_id: str | None, as_json: bool) -> None:
    """List, cancel and retry jobs, newest first.

    \b
    Examples:
      fleetforge jobs --status failed
      fleetforge jobs retry 12
    """
    if ctx.invoked_subcommand is not None:
        return
    open_ledger()
    if machine_id is not None:
        standing.machine(machine_id)
    found = standing.jobs(status=status, machine_id=machine_id)
    if as_json:
        print_json(found)
        return
    rows = [
        job
        | {
            "created": moment(job["created_at"]),
            "progress": f"{job['progress']} %",
            "error": job["error_message"] if job["status"] != "success" else "",
        }
        for job in found
    ]
    print_rows(rows, (*COLUMNS, "error"), "no such jobs")


@jobs.command()
@click.argument("job_id", type=click.IntRange(1, 2**31 - 1), metavar="ID")
@json_option
def cancel(job_id: int, as_json: bool) -> None:
    """Stop a job: a running stage is killed within seconds and leaves nothing behind.

    \b
    Example:
      fleetforge jobs cancel 12
    """
    open_ledger()
    before = control.cancel(job_id)
    done = before in ("pending", "running")
    if as_json:
        print_json({"job_id": job_id, "was": before, "cancelled": done})
    else:
        click.echo(f"job {job_id} was {before}: {'cancelled' if done else 'nothing to cancel'}")
    sys.exit(0 if done else 1)


@jobs.command()
@click.argument("job_id", type=click.IntRange(1, 2**31 - 1), metavar="ID")
@json_option
def retry(job_id: int, as_json: bool) -> None:
    """Start a failed or cancelled job afresh; its chain goes on from there.

    \b
    Example:
      fleetforge jobs retry 12
    """
    settings = open_ledger()
    job = control.retry(job_id)
    if job is not None:
        deliver([job], publisher(settings))
    if as_json:
        print_json({"job_id": job_id, "retried": job is not None})
    else:
        click.echo(f"job {job_id}: {'pending again' if job else 'neither failed nor cancelled'}")
    sys.exit(0 if job is not None else 1)
