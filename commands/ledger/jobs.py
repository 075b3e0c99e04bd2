"""`fleetforge jobs`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Any

import click

from commands.output import json_option, moment, print_json, print_rows
from commands.session import open_ledger, publisher
from errors import InvalidInput, Problem
from events import task_acts
from events.bus import deliver
from storage.queries import jobs as job_queries
from storage.queries import machines
from storage.queries.jobs import JobRow
from storage.settings import Settings
from storage.status import OPEN, JobStatus

COLUMNS = ("id", "machine_id", "stage", "status", "progress", "attempts", "crashes", "created")


@click.group(invoke_without_command=True)
@click.option("--status", type=click.Choice([status.value for status in JobStatus]))
@click.option("--machine", "machine_id", metavar="ID")
@json_option
@click.pass_context
def jobs(ctx: click.Context, status: str | None, machine_id: str | None, as_json: bool) -> None:
    """List jobs, newest first; cancel and retry them.

    A running job is stale if its worker is gone: another worker takes it over.

    \b
    Examples:
      fleetforge jobs --status failed
      fleetforge jobs retry 12
    """
    if ctx.invoked_subcommand is not None:
        if status or machine_id:
            # `jobs --machine pump_7 retry --failed` must not retry those of every machine.
            advice = f"write options after it: jobs {ctx.invoked_subcommand} ..."
            problem = Problem("", f"options before '{ctx.invoked_subcommand}'", advice)
            raise InvalidInput("jobs", [problem])
        return
    open_ledger()
    if machine_id is not None:
        machines.machine(machine_id)
    found = [
        _shown(job)
        for job in job_queries.jobs(
            status=JobStatus(status) if status else None, machine_id=machine_id
        )
    ]
    if as_json:
        print_json(found)
        return
    rows = [
        job
        | {
            "created": moment(job["created_at"]),
            "progress": f"{job['progress']} %",
            "error": job["error_message"] if job["status"] is not JobStatus.SUCCESS else "",
        }
        for job in found
    ]
    print_rows(rows, (*COLUMNS, "error"), "no such jobs")


@jobs.command()
@click.argument("job_id", type=click.IntRange(1, 2**31 - 1), metavar="ID")
@json_option
def cancel(job_id: int, as_json: bool) -> None:
    """Stop a job. A running stage is killed within seconds; its partial files are discarded.

    \b
    Example:
      fleetforge jobs cancel 12
    """
    open_ledger()
    before = task_acts.cancel(job_id, "cli")
    done = before in OPEN
    if as_json:
        print_json({"job_id": job_id, "was": before, "cancelled": done})
    else:
        click.echo(f"job {job_id} was {before}: {'cancelled' if done else 'nothing to cancel'}")
    sys.exit(0 if done else 1)


@jobs.command()
@click.argument("job_id", type=click.IntRange(1, 2**31 - 1), metavar="[ID]", required=False)
@click.option("--failed", is_flag=True, help="Every failed job.")
@click.option("--machine", "machine_id", metavar="ID", help="With --failed: of this machine only.")
@json_option
def retry(job_id: int | None, failed: bool, machine_id: str | None, as_json: bool) -> None:
    """Run failed or cancelled jobs again; their chains continue from there.

    \b
    Examples:
      fleetforge jobs retry 12
      fleetforge jobs retry --failed
      fleetforge jobs retry --failed --machine pump_7
    """
    if (job_id is None) == (not failed) or (machine_id is not None and not failed):
        advice = "write: fleetforge jobs retry 12, or --failed [--machine ID]"
        raise InvalidInput("jobs retry", [Problem("", "it takes an ID or --failed", advice)])
    settings = open_ledger()
    if job_id is None:
        done = _retry_failed(settings, machine_id, as_json)
    else:
        done = _retry(settings, job_id, as_json)
    sys.exit(0 if done else 1)


def _shown(job: JobRow) -> dict[str, Any]:
    """A job's fields with the status as it is shown."""
    values = asdict(job)
    return values | {"status": values.pop("shown_status")}


def _retry(settings: Settings, job_id: int, as_json: bool) -> bool:
    job = task_acts.retry(job_id, "cli")
    if job is not None:
        deliver([job], publisher(settings))
    if as_json:
        print_json({"job_id": job_id, "retried": job is not None})
    else:
        click.echo(f"job {job_id}: {'pending again' if job else 'neither failed nor cancelled'}")
    return job is not None


def _retry_failed(settings: Settings, machine_id: str | None, as_json: bool) -> bool:
    if machine_id is not None:
        machines.machine(machine_id)
    started = task_acts.retry_failed(machine_id, "cli")
    if started:
        deliver(started, publisher(settings))
    ids = [job.job_id for job in started]
    if as_json:
        print_json({"jobs": ids})
    elif ids:
        click.echo(f"job{'s'[: len(ids) > 1]} {', '.join(map(str, ids))}: pending again")
    else:
        click.echo(f"{machine_id}: no failed job" if machine_id else "no failed job")
    return bool(ids)
