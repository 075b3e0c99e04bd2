"""`fleetforge gc`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from commands.output import json_option, print_json
from commands.session import open_ledger
from errors import FleetforgeError
from storage.artifacts.store import open_store
from storage.operations.garbage_collection import Garbage, find, remove
from storage.operations.retention import KEEP_MODELS

_KINDS = {
    "attempts": "staged folders of ended attempts",
    "strays": "staged files that nothing refers to",
    "superseded": "files that a newer one has replaced",
    "models": "old versions of models and predictors",
    "submissions": "submitted files that nothing needs",
    "workspaces": "local folders of ended attempts",
    "downloads": "downloads not used for a day",
    "unfinished": "files that were never finished",
    "answers": "answers to requests of over a day ago",
    "readings": "files of readings that are too old",
}


@click.command()
@click.option("--dry-run", is_flag=True, help="Only list what would be removed.")
@click.option(
    "--keep-models",
    type=click.IntRange(1),
    default=KEEP_MODELS,
    show_default=True,
    metavar="N",
    help="Models and predictors to keep for each machine: the newest N, the newest accepted model, "
    "and the live predictor.",
)
@json_option
def gc(dry_run: bool, keep_models: int, as_json: bool) -> None:
    """Remove unneeded files and rows.

    It removes files that dead workers left, files that newer ones replaced, old models and
    predictors, old readings, and unused local copies. Of old predictions, the last one of an hour
    stays, and after 90 days that of a day. Running jobs are not affected.

    \b
    Examples:
      fleetforge gc --dry-run
      fleetforge gc --keep-models 1
    """
    settings = open_ledger()
    store = open_store(settings.artifact_root, settings.home)
    try:
        garbage = find(store, keep_models, settings.readings_days)
        if not dry_run:
            garbage = remove(store, garbage)
    except OSError as error:
        raise FleetforgeError(f"{store}: {error}") from error
    found = _listed(garbage)
    rows = asdict(garbage.old)
    if as_json:
        print_json(
            {"dry_run": dry_run, **found, "rows": rows, "machines_with_open_jobs": garbage.busy}
        )
    else:
        _print(found, rows, "would remove" if dry_run else "removed", garbage.busy)


def _listed(garbage: Garbage) -> dict[str, list[dict[str, Any]]]:
    return {
        "attempts": [
            {"key": folder.prefix, "bytes": sum(folder.files.values())}
            for folder in garbage.attempts
        ],
        "strays": [{"key": key, "bytes": size} for key, size in garbage.strays.items()],
        "superseded": [{"key": file.staged_key, "bytes": file.size} for file in garbage.superseded],
        "models": [
            {"key": model.key, "bytes": sum(file.size for file in model.files)}
            | {"machine_id": model.machine_id, "version": model.version}
            for model in garbage.models
        ],
        "submissions": [{"key": file.key, "bytes": file.size} for file in garbage.submissions],
        "workspaces": [
            {"key": folder.prefix, "bytes": sum(folder.files.values())}
            for folder in garbage.workspaces
        ],
        "downloads": [{"key": file.path, "bytes": file.size} for file in garbage.downloads],
        "unfinished": [{"key": file.path, "bytes": file.size} for file in garbage.unfinished],
        "answers": [{"key": key, "bytes": size} for key, size in garbage.answers.items()],
        "readings": [{"key": file.key, "bytes": file.size} for file in garbage.readings],
    }


def _print(
    found: dict[str, list[dict[str, Any]]], rows: dict[str, int], verb: str, busy: Sequence[str]
) -> None:
    sizes = {kind: sum(item["bytes"] for item in items) for kind, items in found.items()}
    for kind, items in found.items():
        if items:
            click.echo(f"{verb} {len(items)} {_KINDS[kind]}, {_size(sizes[kind])}")
    for table, count in rows.items():
        if count:
            click.echo(f"{verb} {count:,} rows of old {table}")
    if any(found.values()):
        click.echo(f"{verb} {_size(sum(sizes.values()))} in total")
    elif not any(rows.values()):
        click.echo("nothing to remove")
    if busy:
        click.echo(f"skipped {len(busy)} machines with open jobs")


def _size(size: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
