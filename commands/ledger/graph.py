"""`fleetforge graph`."""

from __future__ import annotations

import click

from commands.output import json_option, print_json


@click.command()
@click.option("--mermaid", is_flag=True, help="Print a Mermaid flow chart.")
@json_option
def graph(mermaid: bool, as_json: bool) -> None:
    """Show the chain of events and stages, from the stages' declarations.

    \b
    Examples:
      fleetforge graph
      fleetforge graph --mermaid
    """
    import actors  # noqa: F401  # declares the stages
    from actors.graph import as_mermaid, as_text, edges

    if as_json:
        print_json(
            [
                {"event": before, "stage": stage, "publishes": after}
                for before, stage, after in edges()
            ]
        )
    else:
        click.echo(as_mermaid() if mermaid else as_text())
