"""The `fleetforge` command. Each subcommand is a module of `commands`, imported when it is run."""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module

import click

from errors import FleetforgeError, NotFound

# pydantic looks for plugins in every installed distribution, at each start; we have none.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

#: Subcommand → its module and its help text. Importing all modules to print the help takes long.
COMMANDS = {
    "onboard": ("commands.machines.onboard", "Register machines and start their chains."),
    "seed": ("commands.machines.seed", "Start a chain from your own run-to-failure data."),
    "status": ("commands.machines.status", "Show the status of each machine."),
    "why": ("commands.machines.why", "Explain why a machine is not finished, and what to do."),
    "jobs": ("commands.ledger.jobs", "List, cancel and retry jobs."),
    "queues": ("commands.ledger.queues", "List, pause, resume and limit queues."),
    "workers": ("commands.ledger.workers", "List workers and their jobs."),
    "events": ("commands.ledger.events", "List or follow events."),
    "predict": ("commands.machines.predict", "Predict failures of units from their readings."),
    "predictors": ("commands.machines.predictors", "List, show, train and choose predictors."),
    "readings": ("commands.units.readings", "Send, check, export and listen to readings."),
    "units": ("commands.units.units", "List and show units, and report what happened to them."),
    "alerts": ("commands.units.alerts", "List and acknowledge alerts."),
    "outcomes": ("commands.units.outcomes", "Compare forecasts with what happened."),
    "silences": ("commands.units.silences", "Silence alerts during planned work."),
    "plan": ("commands.units.plan", "Plan which units to stop in which maintenance window."),
    "demo": ("commands.units.demo", "Play held-out lives as readings: alerts rise."),
    "machines": ("commands.machines.machines", "List, show and delete machines."),
    "publish": ("commands.ledger.publish", "Publish a request by hand."),
    "replay": ("commands.ledger.replay", "Publish a past event again."),
    "up": (
        "commands.running.up",
        "Run everything in the foreground: broker, workers, HTTP, webhooks, inbox.",
    ),
    "open": ("commands.running.open", "Open the dashboard in your browser."),
    "web": ("commands.running.web", "Serve Fleetforge over HTTP."),
    "worker": ("commands.running.worker", "Run one worker."),
    "watch": ("commands.running.watch", "Onboard every profile that is put in a folder."),
    "notify": ("commands.running.notify", "Send messages about alerts to the webhooks."),
    "webhooks": ("commands.running.webhooks", "Add, list, test and remove webhooks."),
    "tokens": ("commands.running.tokens", "Create, list and revoke tokens for the HTTP service."),
    "templates": ("commands.machines.templates", "List, show and copy profile templates."),
    "graph": ("commands.ledger.graph", "Show the chain of events and stages."),
    "gc": ("commands.running.gc", "Remove unneeded files and rows."),
    "db": ("commands.running.db", "Show and apply the ledger's migrations."),
    "doctor": (
        "commands.running.doctor",
        "Check the database, the broker, the artifact store and the workers.",
    ),
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(COMMANDS[cmd_name][0]), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 success; 1 failure, or something was not found; 2 invalid input, nothing "
    "was changed; 130 stopped by Ctrl-C.",
)
@click.version_option(package_name="fleetforge")
def fleetforge() -> None:
    """Make synthetic run-to-failure data from the profile of a machine, by an event-driven chain.

    \b
    Examples:
      fleetforge onboard motor_siemens_1la7_001 --wait
      fleetforge templates new pump -o pump.yaml && fleetforge onboard pump.yaml
      fleetforge status --watch
    """


#: The command that lists what an error reports as missing.
LISTS = {
    "machine": "fleetforge machines list",
    "job": "fleetforge jobs",
    "event": "fleetforge events",
    "token": "fleetforge tokens list",
    "predictor": "fleetforge predictors list",
    "unit": "fleetforge units list",
    "alert": "fleetforge alerts list",
    "incident": "fleetforge alerts list",
    "webhook": "fleetforge webhooks list",
    "silence": "fleetforge silences list",
}


def _advice(error: FleetforgeError) -> str:
    if isinstance(error, NotFound) and error.kind in LISTS:
        return f"; see: {LISTS[error.kind]}"
    return ""


def main() -> None:
    """Entry point: a `FleetforgeError` becomes a message and an exit code, not a traceback."""
    try:
        sys.exit(fleetforge.main(prog_name="fleetforge", standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("stopped", err=True)
        sys.exit(130)
    except FleetforgeError as error:
        for line in str(error).splitlines():
            click.echo(f"error: {line}{_advice(error)}", err=True)
        sys.exit(error.exit_code)
    finally:
        # Python's end would look for garbage in all that was imported, a quarter of the time of a
        # short command.
        gc.freeze()


if __name__ == "__main__":
    main()
