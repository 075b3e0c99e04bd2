"""`fleetforge templates`."""

from __future__ import annotations

from pathlib import Path

import click

from commands.output import json_option, print_json
from errors import InvalidInput, Problem
from GAN.profiles.catalogue import new_profile, template_names, template_profile, template_text


@click.group()
def templates() -> None:
    """List, show and copy profile templates, one for each machine category."""


@templates.command("list")
@json_option
def list_templates(as_json: bool) -> None:
    """List the categories that have a template."""
    if as_json:
        print_json(template_names())
    else:
        click.echo("\n".join(template_names()))


@templates.command()
@click.argument("machine_type", metavar="TYPE")
@json_option
def show(machine_type: str, as_json: bool) -> None:
    """Print a template.

    \b
    Example:
      fleetforge templates show pump
    """
    if as_json:
        print_json(template_profile(machine_type).model_dump(mode="json"))
    else:
        click.echo(template_text(machine_type), nl=False)


@templates.command()
@click.argument("machine_type", metavar="TYPE")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path, dir_okay=False))
@json_option
def new(machine_type: str, output: Path, as_json: bool) -> None:
    """Write a template to a file: YAML, or JSON by a .json suffix.

    \b
    Example:
      fleetforge templates new pump -o pump.yaml
    """
    text = new_profile(machine_type, output.suffix)
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        advice = "choose another name or remove it"
        raise InvalidInput(str(output), [Problem("", "the file exists", advice)]) from None
    except FileNotFoundError:
        advice = f"create {output.parent} first"
        raise InvalidInput(str(output), [Problem("", "no such folder", advice)]) from None
    if as_json:
        print_json({"written": str(output)})
    else:
        click.echo(f"{output}: edit it, then: fleetforge onboard {output}")
